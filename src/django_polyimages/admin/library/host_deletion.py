"""For the admin of a host's models: what happens to images when an object is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db import router, transaction
from django.db.models import CASCADE, Model, QuerySet
from django.http import HttpRequest

from django_polyimages.accessors import get_image_model
from django_polyimages.admin.library.deletion import deleted_objects
from django_polyimages.models.joins.metadata import dependents_of, on_delete_of

BATCH = 500


class ImageDeletionMixin(admin.ModelAdmin):
    """For a ``ModelAdmin`` of organizations, or of objects that have images.

    The page that asks before a deletion counts images and their uses, which Django would load and
    list one by one, and says that the images of an object stay in the library. The images of an
    organization are deleted in batches, in the transaction that deletes the organization.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return deleted_objects(list(objs), request, self.admin_site)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic(using=router.db_for_write(self.model, instance=obj)):
            _delete_images_of([obj])
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic(using=router.db_for_write(self.model)):
            _delete_images_of(list(queryset))
            super().delete_queryset(request, queryset)


def _delete_images_of(objs: Sequence[Model]) -> None:
    """Delete the images that would be deleted with ``objs``, which are of one model.

    By cascade, Django would load all of them, and lock each by a query of its own.
    """
    images: Any = get_image_model()._default_manager
    for field in dependents_of(type(objs[0])) if objs else []:
        if field.model is not images.model or on_delete_of(field) is not CASCADE:
            continue
        owned = images.filter(**{f"{field.name}__in": objs}).order_by("pk")
        while keys := list(owned.values_list("pk", flat=True)[:BATCH]):
            images.filter(pk__in=keys).delete()
