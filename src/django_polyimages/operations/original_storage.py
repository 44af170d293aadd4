"""Moves the originals of an installation to ``ORIGINAL_STORAGE``, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_polyimages.accessors import get_image_model
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage
from django_polyimages.pipeline import moving
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.pipeline.moving import Moved, Original
from django_polyimages.storage.keys import is_original

_AT_ONCE = 500
_READ = ("file", "media_type", "byte_size", "sha256")


@dataclass(frozen=True, slots=True)
class MovePlan:
    """The primary keys of all images, in ascending order; nothing is known of their files yet."""

    model: type[AbstractImage]
    keys: Sequence[Any]


@dataclass(frozen=True, slots=True)
class MovedImage:
    """An image, and what became of its original."""

    image: AbstractImage
    result: Moved


def plan_move() -> MovePlan:
    """A plan for all images. Raises ``ImproperlyConfigured`` without ``ORIGINAL_STORAGE``."""
    if get_settings().original_storage is None:
        raise ImproperlyConfigured(
            'POLYIMAGES["ORIGINAL_STORAGE"] is not set: there is no storage to move originals to.'
        )
    model = get_image_model()
    # Not the default manager, which a host's own model may limit to some of the images.
    return MovePlan(model, list(model._base_manager.order_by("pk").values_list("pk", flat=True)))


def waiting(plan: MovePlan) -> Iterator[AbstractImage]:
    """The images whose original is not moved yet; asks the storage once for each image."""
    for image in _images(plan):
        if is_original(image.key) and moving.is_in_old_storage(image.key):
            yield image


def move(plan: MovePlan) -> Iterator[MovedImage]:
    """Move the originals, and yield each image with the result.

    Raises ``ImproperlyConfigured`` if both storages are the same place.
    """
    if moving.storages_are_one():
        raise ImproperlyConfigured(
            "ORIGINAL_STORAGE and the storage of the versions are the same place. Name another "
            "folder or bucket."
        )
    for image in _images(plan):
        result = _move(image)
        if plan.model._base_manager.filter(pk=image.pk).exists():
            yield MovedImage(image, result)
        else:  # deleted in the meantime, perhaps before the copy was written
            delete_files([image.key])


def _move(image: AbstractImage) -> Moved:
    if not is_original(image.key):
        return Moved("failed", "the key is not one that the package generates")
    return moving.move_original(
        Original(
            key=image.key,
            media_type=image.media_type,
            byte_size=image.byte_size,
            sha256=image.sha256,
        )
    )


def _images(plan: MovePlan) -> Iterator[AbstractImage]:
    rows = plan.model._base_manager.only(*_READ).order_by("pk")
    for start in range(0, len(plan.keys), _AT_ONCE):
        yield from rows.filter(pk__in=plan.keys[start : start + _AT_ONCE])
