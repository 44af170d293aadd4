"""What happens when an image goes, whoever deleted it; connected in ``apps``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models.signals import pre_delete

from django_polyimages.models import AbstractImage, FileDeletion, ImageQuerySet


def connect() -> None:
    """Watch the deletion of images, of the default model and of a host's own."""
    for model in apps.get_models():
        if issubclass(model, AbstractImage):
            pre_delete.connect(
                schedule_file_deletion, sender=model, dispatch_uid="django_polyimages"
            )


def schedule_file_deletion(
    *, sender: type[AbstractImage], instance: AbstractImage, using: str, origin: Any, **kwargs: Any
) -> None:
    """Before the row goes, so that its columns can still be read; the files go after commit."""
    if isinstance(origin, ImageQuerySet) and origin.model is sender:
        return  # its delete() has scheduled all of them at once
    # As they are now, and locked: whoever attaches the image meanwhile finds it gone, instead of
    # letting this deletion fail.
    rows = sender._base_manager.using(using).filter(pk=instance.pk).select_for_update()
    images = list(rows.only("file", "versions"))
    FileDeletion.objects.db_manager(using).schedule(image.keys for image in images)
