"""Files that no row refers to any more and that the storage has yet to remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from django_polyimages import pipeline


class FileDeletionManager(models.Manager["FileDeletion"]):
    """Remembers deletions in the transaction that caused them, and carries them out."""

    def schedule(self, keys: Iterable[str]) -> None:
        """Delete files once the transaction around us has committed.

        Written down first: a file that the storage refused to delete, or whose process died, is
        still known and tried again by ``carry_out``.
        """
        deletions = self.bulk_create([self.model(key=key) for key in keys])
        if deletions:
            transaction.on_commit(partial(self.carry_out, deletions), using=self.db, robust=True)

    def carry_out(self, deletions: Sequence[FileDeletion]) -> None:
        """Delete the files; what fails stays, with the reason."""
        failures = pipeline.delete_files(deletion.key for deletion in deletions)
        self.filter(
            pk__in=[deletion.pk for deletion in deletions if deletion.key not in failures]
        ).delete()
        for deletion in deletions:
            if deletion.key in failures:
                deletion.last_error = failures[deletion.key]
                deletion.save(update_fields=["last_error"])


class FileDeletion(models.Model):
    """One file to remove from the storage."""

    key = models.CharField(_("key"), max_length=255)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = FileDeletionManager()

    class Meta:
        verbose_name = _("file to delete")
        verbose_name_plural = _("files to delete")

    def __str__(self) -> str:
        return self.key
