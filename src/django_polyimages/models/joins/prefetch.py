"""The relations of many objects, of any models, in one query, and what one object has loaded.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``_prefetched_objects_cache`` of an
object, ``prefetch_cache_name`` and ``_remove_prefetched_objects()`` of a related manager;
``is_cached()`` and ``get_cached_value()`` of a relation's field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

if TYPE_CHECKING:
    from django_polyimages.models.relations import AbstractImageRelation

    # Not AbstractImageRelation, since only the concrete models have the foreign key to the image.
    _Relations = models.QuerySet[Any]

Target = tuple[int, str]
"""A content type and the primary key of an object as text."""


def covers_about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    """For each object the relation that ``images.cover()`` returns, with its image.

    The window function numbers only the relations of ``objects``, and without joining images.
    """
    number = Window(
        RowNumber(),
        partition_by=["content_type_id", "object_id"],
        order_by=cover_first(relations.model),
    )
    first = relations_about(objects, relations).alias(number=number).filter(number=1).order_by()
    chosen: _Relations = relations.model._base_manager.using(relations.db).order_by()
    return chosen.filter(pk__in=first.values("pk")).select_related("image")


def cover_first(model: type[models.Model]) -> list[Any]:
    """The display order, with the cover first."""
    return [F("is_cover").desc(), *(model._meta.ordering or ())]


def target_of(obj: models.Model, using: str | None) -> Target:
    """How relations in the database ``using`` refer to ``obj``."""
    content_type = ContentType.objects.db_manager(using).get_for_model(obj)
    return content_type.pk, str(obj.pk)


def target_in(relation: AbstractImageRelation) -> Target:
    """The object of ``relation``, in the form of ``target_of``."""
    return relation.content_type_id, relation.object_id


def relations_about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    """Those of ``relations`` that are of these objects."""
    using = relations.db
    # Load all of them at once; Django caches them.
    ContentType.objects.db_manager(using).get_for_models(*{type(obj) for obj in objects})
    keys: dict[int, set[str]] = defaultdict(set)
    for obj in objects:
        content_type, key = target_of(obj, using)
        keys[content_type].add(key)
    conditions: Sequence[Q] = [
        Q(content_type=content_type, object_id__in=some) for content_type, some in keys.items()
    ]
    return relations.filter(reduce(or_, conditions))


def forget_loaded(images: Any) -> None:
    """Ask the database again for all of ``obj.images``, and for the cover."""
    images._remove_prefetched_objects()


def are_images_loaded(images: Any) -> bool:
    """Whether ``obj.images.all()`` costs no query."""
    cache = getattr(images.instance, "_prefetched_objects_cache", {})
    return images.prefetch_cache_name in cache


def is_cover_loaded(images: Any) -> bool:
    """Whether the cover was loaded alone."""
    return bool(_field_of(images).is_cached(images.instance))


def loaded_cover(images: Any) -> Any:
    """The cover that was loaded alone; None where there is none."""
    return _field_of(images).get_cached_value(images.instance)


def _field_of(images: Any) -> Any:
    return images.instance._meta.get_field(images.prefetch_cache_name)
