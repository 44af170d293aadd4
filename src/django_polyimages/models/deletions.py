"""Files that no row uses any more and that must still be deleted from the storage."""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import Error, InterfaceError, OperationalError, connections, models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_polyimages import tasks
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.ownership import keys_in_use
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.pipeline.patience import Patience
from django_polyimages.storage.keys import is_original

logger = logging.getLogger("django_polyimages")
AT_ONCE: Final = 1000
"""How many deletions are carried out together."""
CLAIM: Final = timedelta(minutes=15)
"""How long a deletion belongs to who claimed it: longer than any batch takes."""
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(days=1)
_IN_ONE_TASK: Final = 100
_WAITS_TO_NOTE: Final = (0.1, 0.5, 2.0, 5.0)
"""Seconds between the attempts to record what is left over."""
_CHANGED: Final = ["keys", "original", "last_error", "attempts", "next_attempt_at"]


def wait_after(attempts: int) -> timedelta:
    """How long to wait after the last of so many refusals: a minute, doubled up to a day."""
    return min(_FIRST_WAIT * (1 << min(attempts - 1, 11)), _LONGEST_WAIT)


def first_attempt() -> datetime:
    """When others may carry out a new deletion, which is first left to who recorded it."""
    return timezone.now() + _FIRST_WAIT


class FileDeletionManager(models.Manager["FileDeletion"]):
    """Records deletions of files in the transaction that causes them, and performs them."""

    def schedule(
        self,
        images: Iterable[Sequence[str]],
        *,
        original: str = "",
        origin: object = None,
        of: tuple[type[models.Model], set[Any]] | None = None,
    ) -> None:
        """Delete the files of each image after the commit of the current transaction.

        The deletions are recorded first: if the storage fails or the process is killed,
        ``carry_out`` can try again. The first key of each image is that of its original;
        ``original`` names it where the original itself stays. Deletions that one ``origin`` causes
        are carried out together. ``of`` are a model and rows of it that this is for, as well as the
        one at hand; ``scheduled_with`` returns them.
        """
        deletions = self.bulk_create(
            [self.model(keys=list(keys), original=original or keys[0]) for keys in images if keys],
            batch_size=AT_ONCE,
        )
        if not deletions and of is None:
            return
        latest = next(self._scheduled(), None)
        if latest and origin is not None and latest.origin is origin and of is None:
            latest.deletions.extend(deletions)
            return
        # One patience for the whole transaction, however many deletions it consists of.
        patience = latest.patience if latest else Patience.for_deletions()
        callback = _CarryOut(self, origin, patience, of)
        callback.deletions.extend(deletions)
        transaction.on_commit(callback, using=self.db, robust=True)

    def note(self, failures: Mapping[str, str]) -> None:
        """Record files that are left over: no row uses them, but the storage did not delete them.

        They are recorded in the transaction of the caller, if there is one. Otherwise this waits
        for a database that is locked or restarted, a few seconds at most: nothing else knows of
        these files before the next audit.
        """
        connection = connections[self.db]
        for seconds in () if connection.in_atomic_block else _WAITS_TO_NOTE:
            try:
                return self._note(failures)
            except (InterfaceError, OperationalError):
                connection.close_if_unusable_or_obsolete()
                time.sleep(seconds)
        try:
            self._note(failures)
        except Error:
            logger.exception("Files left in the storage and not recorded: %s", list(failures))

    def _note(self, failures: Mapping[str, str]) -> None:
        # Recorded by its original, if that is left over: ``carry_out`` asks who uses it.
        original = next(filter(is_original, failures), "")
        reason = next(iter(failures.values()))
        with transaction.atomic(using=self.db):
            self.create(keys=list(failures), original=original, last_error=reason, attempts=1)

    def scheduled_with(self, origin: object, model: type[models.Model]) -> set[Any] | None:
        """The keys of the rows of ``model`` that were scheduled together because of ``origin``;
        None if that has not happened. Remove those that it was told of.
        """
        made = (one.of for one in self._scheduled() if one.origin is origin)
        return next((rows for known, rows in filter(None, made) if known is model), None)

    def _scheduled(self) -> Iterator[_CarryOut]:
        """What waits for the commit, the latest first. A savepoint that is rolled back takes it
        away, so Django's own list is asked.
        """
        waiting = transaction.get_connection(self.db).run_on_commit
        callbacks = (one for _savepoints, one, _robust in reversed(waiting))
        return (one for one in callbacks if isinstance(one, _CarryOut))

    def due(self, now: datetime) -> QuerySet[FileDeletion]:
        """The deletions to try again: what is new is left to the callback after its commit, what
        was refused waits longer each time, and what others have claimed belongs to them.
        """
        return self.filter(next_attempt_at__lte=now)

    def claim(self, deletions: Collection[FileDeletion]) -> list[FileDeletion]:
        """Take the deletions that nobody has taken since they were read; they are not due for
        ``CLAIM``. No lock is held afterwards, so the storage may take its time.

        The moment at which they are due again identifies the claim, so it has a random part.
        """
        until = timezone.now() + CLAIM + timedelta(microseconds=secrets.randbelow(10**7))
        rows = self.filter(pk__in=[one.pk for one in deletions])
        free = rows.filter(next_attempt_at__in={one.next_attempt_at for one in deletions})
        again_after_deadlock(partial(free.update, next_attempt_at=until), using=self.db)
        return list(rows.filter(next_attempt_at=until).order_by("pk"))

    def carry_out(
        self, deletions: Iterable[FileDeletion], patience: Patience | None = None
    ) -> list[FileDeletion]:
        """Delete the files. Returns the deletions that were refused, at least for one file: they
        stay recorded, with the reason, and are due again later.

        A deletion that is not recorded is not carried out: its savepoint was rolled back. Files of
        other rows, such as copies of a deleted one, are left to the last of them. They are looked
        up after the commit, so that of copies that are deleted at the same time, the one that
        commits last finds no other. Without ``patience``, waits for the storage for half of
        ``STORAGE_TIMEOUT``: what is not deleted by then stays recorded too.
        """
        patience = patience or Patience.for_deletions()
        keys = [deletion.pk for deletion in deletions]
        return [
            refused
            for start in range(0, len(keys), AT_ONCE)
            for refused in self._carry_out(
                list(self.filter(pk__in=keys[start : start + AT_ONCE])), patience
            )
        ]

    def carry_out_keys(self, keys: Collection[str]) -> list[FileDeletion]:
        """Claim the deletions with these primary keys and carry them out, in a worker: nobody waits
        for an answer, so a slow storage has more time. What another worker has claimed is left to
        it: an engine may deliver a job twice.
        """
        # New ones are not due yet, and on another machine's clock a little later.
        free = self.filter(pk__in=keys, next_attempt_at__lte=timezone.now() + 2 * _FIRST_WAIT)
        claimed = self.claim(list(free))
        return self.carry_out(claimed, Patience(CLAIM.total_seconds() / 2))

    def _carry_out(
        self, deletions: Sequence[FileDeletion], patience: Patience
    ) -> list[FileDeletion]:
        used = keys_in_use({one.original or one.keys[0] for one in deletions}, using=self.db)
        keys = [key for deletion in deletions for key in deletion.keys if key not in used]
        failures = delete_files(keys, patience)
        refused = [one for one in deletions if not failures.keys().isdisjoint(one.keys)]
        done = {one.pk for one in deletions} - {one.pk for one in refused}
        for deletion in refused:
            deletion.original = deletion.original or deletion.keys[0]
            deletion.keys = [key for key in deletion.keys if key in failures]
            deletion.last_error = failures[deletion.keys[0]]
            deletion.attempts += 1
            deletion.next_attempt_at = timezone.now() + wait_after(deletion.attempts)
        again_after_deadlock(partial(self._record, done, refused), using=self.db)
        return refused

    def _record(self, done: Collection[uuid.UUID], refused: Sequence[FileDeletion]) -> None:
        self.filter(pk__in=done).delete()
        self.bulk_update(refused, _CHANGED, batch_size=100)


class _CarryOut:
    """A callback after the commit."""

    def __init__(
        self,
        manager: FileDeletionManager,
        origin: object,
        patience: Patience,
        of: tuple[type[models.Model], set[Any]] | None,
    ) -> None:
        self.__qualname__ = "FileDeletionManager.carry_out"  # Django logs it if this fails
        self.of = of
        self.manager = manager
        self.origin = origin
        self.patience = patience
        self.deletions: list[FileDeletion] = []

    def __call__(self) -> None:
        if tasks.is_inline():
            self.manager.carry_out(self.deletions, self.patience)
            return
        keys = [str(deletion.pk) for deletion in self.deletions]
        for start in range(0, len(keys), _IN_ONE_TASK):
            part = keys[start : start + _IN_ONE_TASK]
            tasks.enqueue(tasks.DELETE_FILES, self.manager.db, part)


class FileDeletion(models.Model):
    """The files of an image that must be deleted from the storage."""

    # Generated in Python, because MySQL does not return the keys of a bulk insert.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    keys = models.JSONField(_("keys"))
    original = models.CharField(_("original"), max_length=255, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=first_attempt)

    objects = FileDeletionManager()

    class Meta:
        verbose_name = _("file deletion")
        verbose_name_plural = _("file deletions")

    def __str__(self) -> str:
        return ", ".join(self.keys)
