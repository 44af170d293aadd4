"""Files that no row uses any more and that must still be deleted from the storage."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from django_polyimages.models.ownership import keys_in_use
from django_polyimages.pipeline.deleting import delete_files


class FileDeletionManager(models.Manager["FileDeletion"]):
    """Records deletions of files in the transaction that causes them, and performs them."""

    def schedule(self, images: Iterable[Sequence[str]], *, original: str = "") -> None:
        """Delete the files of each image after the commit of the current transaction.

        The deletions are recorded first: if the storage fails or the process is killed,
        ``carry_out`` can try again. The first key of each image is that of its original;
        ``original`` names it where the original itself stays.
        """
        deletions = self.bulk_create(
            [self.model(keys=list(keys), original=original or keys[0]) for keys in images if keys]
        )

        def carry_out() -> None:  # not a partial: Django needs the name of a robust callback
            self.carry_out(deletions)

        if deletions:
            transaction.on_commit(carry_out, using=self.db, robust=True)

    def carry_out(self, deletions: Sequence[FileDeletion]) -> None:
        """Delete the files. Failed deletions stay recorded, with the reason.

        Files of other rows, such as copies of a deleted one, are left to the last of them. They are
        looked up after the commit, so that of copies that are deleted at the same time, the one
        that commits last finds no other.
        """
        used = keys_in_use({one.original or one.keys[0] for one in deletions}, using=self.db)
        keys = [key for deletion in deletions for key in deletion.keys if key not in used]
        failures = delete_files(keys)
        refused = [one for one in deletions if not failures.keys().isdisjoint(one.keys)]
        done = {one.pk for one in deletions} - {one.pk for one in refused}
        self.filter(pk__in=done).delete()
        for deletion in refused:
            deletion.keys = [key for key in deletion.keys if key in failures]
            deletion.last_error = failures[deletion.keys[0]]
            deletion.save(update_fields=["keys", "last_error"])


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
