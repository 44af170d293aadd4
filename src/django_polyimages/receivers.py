"""Deletes the files of images that are deleted in any way; connected in ``apps``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models.signals import pre_delete

from django_polyimages.models import AbstractImage, FileDeletion, ImageQuerySet


def connect() -> None:
    """Connect to the deletion of images, both of the default model and of a host's own."""
    for model in apps.get_models():
        if issubclass(model, AbstractImage):
            pre_delete.connect(
                schedule_file_deletion, sender=model, dispatch_uid="django_polyimages"
            )


def schedule_file_deletion(
    *, sender: type[AbstractImage], instance: AbstractImage, using: str, origin: Any, **kwargs: Any
) -> None:
    """Schedule the deletion of the files while the row can still be read."""
    if isinstance(origin, ImageQuerySet) and origin.model is sender:
        return  # ImageQuerySet.delete() has scheduled all files already
    # Read the current keys and lock the row. A simultaneous attach() then finds the image deleted,
    # instead of making this deletion fail.
    rows = sender._base_manager.using(using).filter(pk=instance.pk).select_for_update()
    images = list(rows.only("file", "versions"))
    FileDeletion.objects.db_manager(using).schedule((image.keys for image in images), origin=origin)
