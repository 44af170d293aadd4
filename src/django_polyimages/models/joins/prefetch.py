"""The relations of many objects, of any models, in one query, and where Django keeps them.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``_prefetched_objects_cache`` of an
object, ``prefetch_cache_name`` and ``_remove_prefetched_objects()`` of a related manager,
``_result_cache`` and ``_prefetch_done`` of a queryset; ``is_cached()``, ``get_cached_value()`` and
``set_cached_value()`` of a relation's field.
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


def keep_loaded(
    objects: Collection[models.Model], relations: _Relations, *, cover_only: bool
) -> None:
    """Load the ``relations`` of ``objects`` with their images, for ``images.all()`` or, with
    ``cover_only``, for ``images.cover()``.
    """
    if cover_only:
        keep, rows = _keep_cover, covers_about(objects, relations)
    else:
        keep, rows = _keep_images, _about(objects, relations).select_related("image")
    found: dict[Target, list[AbstractImageRelation]] = defaultdict(list)
    for relation in rows:
        found[target_in(relation)].append(relation)
    for obj in objects:
        keep(obj, found[target_of(obj, relations.db)])


def covers_about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    """For each object the relation that ``images.cover()`` returns, with its image.

    The window function numbers only the relations of ``objects``, and without joining images.
    """
    number = Window(
        RowNumber(),
        partition_by=["content_type_id", "object_id"],
        order_by=cover_first(relations.model),
    )
    first = _about(objects, relations).alias(number=number).filter(number=1).order_by()
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


def _about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
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


def _keep_images(obj: models.Model, relations: Sequence[AbstractImageRelation]) -> None:
    images: Any = obj.images  # type: ignore[attr-defined]
    images._remove_prefetched_objects()
    loaded = images.get_queryset()
    loaded._result_cache = list(relations)
    loaded._prefetch_done = True
    cache = obj.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[images.prefetch_cache_name] = loaded


def _keep_cover(obj: models.Model, relations: Sequence[AbstractImageRelation]) -> None:
    field: Any = obj._meta.get_field("images")
    field.set_cached_value(obj, next(iter(relations), None))


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
