"""What makes a host's model attachable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import prefetch_related_objects

from django_polyimages.conf import get_settings

if TYPE_CHECKING:
    from django_polyimages.models.managers import ImageRelationManager

_Host = TypeVar("_Host", bound=models.Model, covariant=True)


class ImageAttachable(models.Model):
    """Adds ``images``: the object's relations in display order, with the verbs of
    ``ImageRelationManager``.
    """

    if TYPE_CHECKING:
        images: ImageRelationManager
    else:
        images = GenericRelation(
            get_settings().relation_model,
            content_type_field="content_type",
            object_id_field="object_id",
        )

    image_organization_path: ClassVar[str | None] = None
    """The ORM path from the object to its organization, as ``"organization"`` or
    ``"shop__owner"``; ``"pk"`` where the object is the organization. Without it the HTTP API does
    not reach the model.
    """

    class Meta:
        abstract = True


class ImageAttachableQuerySet(models.QuerySet[_Host]):
    """A queryset of attachables; inherit it, or use ``ImageAttachableQuerySet.as_manager()``."""

    def prefetch_images(self) -> Self:
        """Load images and versions of all objects at once: two queries, however many there are."""
        return self.prefetch_related("images__image")


def prefetch_images(objects: Iterable[models.Model]) -> None:
    """Load the images of objects at hand, of any attachable models: two queries for each model."""
    by_model: dict[type[models.Model], list[models.Model]] = {}
    for obj in objects:
        by_model.setdefault(type(obj), []).append(obj)
    for instances in by_model.values():
        prefetch_related_objects(instances, "images__image")


def is_attachable(model: type[models.Model], relation_model: type[models.Model]) -> bool:
    """Whether ``model`` has ``images`` of its own that are kept in ``relation_model``.

    A child by multi-table inheritance has not: its rows are its parent's, under another name.
    """
    return any(
        isinstance(field, GenericRelation)
        and field.name == "images"
        and field.related_model is relation_model
        and not field.mti_inherited
        for field in model._meta.private_fields
    )
