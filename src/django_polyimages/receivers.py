"""What else is deleted with a row, in whatever way that is deleted; and what the first request of a
process begins. Connected in ``apps``.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.signals import request_started
from django.db.models import Model, QuerySet
from django.db.models.signals import pre_delete

from django_polyimages.models import AbstractImage, ImageQuerySet
from django_polyimages.models.cascades import schedule_with_others
from django_polyimages.models.joins.deleting import forget_announced, lock_announced
from django_polyimages.models.joins.images_field import images_field_of
from django_polyimages.models.joins.metadata import tables_above
from django_polyimages.pipeline.connecting import connect_after_first_request


def connect() -> None:
    """Connect to the deletion of images, both of the default model and of a host's own, and of
    objects whose model has children in other tables; and to requests.
    """
    connect_after_first_request()
    request_started.connect(forget_announced, dispatch_uid="django_polyimages.announced")
    for model in apps.get_models():
        if issubclass(model, AbstractImage):
            pre_delete.connect(
                schedule_file_deletion, sender=model, dispatch_uid="django_polyimages"
            )
        for parent in tables_above(model):
            pre_delete.connect(
                delete_relations, sender=parent, dispatch_uid="django_polyimages.relations"
            )


def schedule_file_deletion(
    *, sender: type[AbstractImage], instance: AbstractImage, using: str, origin: Any, **kwargs: Any
) -> None:
    """Schedule the deletion of the files while the row can still be read."""
    lock_announced(using)  # first the objects that go with the same organization
    if isinstance(origin, ImageQuerySet) and origin.model is sender:
        return  # ImageQuerySet.delete() has scheduled all files already
    schedule_with_others(instance, origin=origin, using=using)


def delete_relations(
    *, sender: type[Model], instance: Model, using: str, origin: Any, **kwargs: Any
) -> None:
    """Delete the relations of an object that goes with its child in another table: Django deletes
    those of the child only.
    """
    field = images_field_of(sender)
    began_with = origin.model if isinstance(origin, QuerySet) else type(origin)
    if field is not None and began_with is not sender:
        field.bulk_related_objects([instance], using).delete()
