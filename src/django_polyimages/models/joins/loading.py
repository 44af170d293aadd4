"""Puts loaded relations where Django and ``images.cover()`` look for them.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``_prefetched_objects_cache`` of an
object, ``prefetch_cache_name`` and ``_remove_prefetched_objects()`` of a related manager,
``_result_cache`` and ``_prefetch_done`` of a queryset; ``set_cached_value()`` of a relation's
field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.db import models

from django_polyimages.models.joins.images_field import field_of_attachable
from django_polyimages.models.joins.prefetch import (
    Target,
    covers_about,
    relations_about,
    target_in,
    target_of,
)

if TYPE_CHECKING:
    from django_polyimages.models.relations import AbstractImageRelation


def keep_loaded(
    objects: Collection[models.Model], relations: models.QuerySet[Any], *, cover_only: bool
) -> None:
    """Load the ``relations`` of ``objects`` with their images, for ``images.all()`` or, with
    ``cover_only``, for ``images.cover()``.
    """
    if cover_only:
        keep, rows = _keep_cover, covers_about(objects, relations)
    else:
        keep, rows = _keep_images, relations_about(objects, relations).select_related("image")
    found: dict[Target, list[AbstractImageRelation]] = defaultdict(list)
    for relation in rows:
        found[target_in(relation)].append(relation)
    for obj in objects:
        keep(obj, found[target_of(obj, relations.db)])


def _keep_images(obj: models.Model, relations: Sequence[AbstractImageRelation]) -> None:
    images: Any = getattr(obj, field_of_attachable(type(obj)).name)
    images._remove_prefetched_objects()
    loaded = images.get_queryset()
    loaded._result_cache = list(relations)
    loaded._prefetch_done = True
    cache = obj.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[images.prefetch_cache_name] = loaded


def _keep_cover(obj: models.Model, relations: Sequence[AbstractImageRelation]) -> None:
    field: Any = field_of_attachable(type(obj))
    field.set_cached_value(obj, next(iter(relations), None))
