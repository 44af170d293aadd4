"""Files that no row uses any more and that must still be deleted from the storage."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.db import Error, models, transaction
from django.utils.translation import gettext_lazy as _

from django_polyimages.models.ownership import keys_in_use
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.pipeline.patience import Patience

logger = logging.getLogger("django_polyimages")
_AT_ONCE: Final = 1000


class FileDeletionManager(models.Manager["FileDeletion"]):
    """Records deletions of files in the transaction that causes them, and performs them."""

    def schedule(
        self, images: Iterable[Sequence[str]], *, original: str = "", origin: object = None
    ) -> None:
        """Delete the files of each image after the commit of the current transaction.

        The deletions are recorded first: if the storage fails or the process is killed,
        ``carry_out`` can try again. The first key of each image is that of its original;
        ``original`` names it where the original itself stays. Deletions that one ``origin`` causes
        are carried out together.
        """
        deletions = self.bulk_create(
            [self.model(keys=list(keys), original=original or keys[0]) for keys in images if keys]
        )
        if not deletions:
            return
        latest = self._latest_scheduled()
        if latest and origin is not None and latest.origin is origin:
            latest.deletions.extend(deletions)
            return
        # One patience for the whole transaction, however many deletions it consists of.
        patience = latest.patience if latest else Patience.for_deletions()
        callback = _CarryOut(self, origin, patience)
        callback.deletions.extend(deletions)
        transaction.on_commit(callback, using=self.db, robust=True)

    def note(self, failures: Mapping[str, str]) -> None:
        """Record files that are left over: no row uses them, but the storage did not delete them.

        They are recorded in the transaction of the caller, if there is one.
        """
        reason = next(iter(failures.values()))
        try:
            with transaction.atomic(using=self.db):
                self.create(keys=list(failures), last_error=reason)
        except Error:
            logger.exception("Files left in the storage and not recorded: %s", list(failures))

    def _latest_scheduled(self) -> _CarryOut | None:
        """What waits for the commit. A savepoint that is rolled back takes it away, so Django's
        own list is asked.
        """
        waiting = transaction.get_connection(self.db).run_on_commit
        callbacks = (one for _savepoints, one, _robust in reversed(waiting))
        return next((one for one in callbacks if isinstance(one, _CarryOut)), None)

    def carry_out(
        self, deletions: Iterable[FileDeletion], patience: Patience | None = None
    ) -> None:
        """Delete the files. Failed deletions stay recorded, with the reason.

        A deletion that is not recorded is not carried out: its savepoint was rolled back. Files of
        other rows, such as copies of a deleted one, are left to the last of them. They are looked
        up after the commit, so that of copies that are deleted at the same time, the one that
        commits last finds no other. Without ``patience``, waits for the storage for half of
        ``STORAGE_TIMEOUT``: what is not deleted by then stays recorded too.
        """
        patience = patience or Patience.for_deletions()
        keys = [deletion.pk for deletion in deletions]
        for start in range(0, len(keys), _AT_ONCE):
            some = list(self.filter(pk__in=keys[start : start + _AT_ONCE]))
            self._carry_out(some, patience)

    def _carry_out(self, deletions: Sequence[FileDeletion], patience: Patience) -> None:
        used = keys_in_use({one.original or one.keys[0] for one in deletions}, using=self.db)
        keys = [key for deletion in deletions for key in deletion.keys if key not in used]
        failures = delete_files(keys, patience)
        refused = [one for one in deletions if not failures.keys().isdisjoint(one.keys)]
        done = {one.pk for one in deletions} - {one.pk for one in refused}
        self.filter(pk__in=done).delete()
        for deletion in refused:
            deletion.keys = [key for key in deletion.keys if key in failures]
            deletion.last_error = failures[deletion.keys[0]]
        self.bulk_update(refused, ["keys", "last_error"], batch_size=100)


class _CarryOut:
    """A callback after the commit."""

    def __init__(self, manager: FileDeletionManager, origin: object, patience: Patience) -> None:
        self.__qualname__ = "FileDeletionManager.carry_out"  # Django logs it if this fails
        self.manager = manager
        self.origin = origin
        self.patience = patience
        self.deletions: list[FileDeletion] = []

    def __call__(self) -> None:
        self.manager.carry_out(self.deletions, self.patience)


class FileDeletion(models.Model):
    """The files of an image that must be deleted from the storage."""

    # Generated in Python, because MySQL does not return the keys of a bulk insert.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    keys = models.JSONField(_("keys"))
    original = models.CharField(_("original"), max_length=255, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = FileDeletionManager()

    class Meta:
        verbose_name = _("file deletion")
        verbose_name_plural = _("file deletions")

    def __str__(self) -> str:
        return ", ".join(self.keys)
