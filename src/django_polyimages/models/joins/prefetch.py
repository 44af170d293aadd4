"""The relations of many objects, of any models, in one query."""

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

    # Not of AbstractImageRelation: its foreign key to the image is in the concrete models.
    _Relations = models.QuerySet[Any]

Target = tuple[int, str]
"""A content type and the key of an object as text."""


def relations_about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    """Those of ``relations`` that belong to ``objects``, with their images."""
    return _about(objects, relations).select_related("image")


def covers_about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    """For each object the one relation that ``images.cover()`` returns, with its image.

    The rows are numbered without their images, and only those of ``objects``.
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
    """The display order, before it the cover."""
    return [F("is_cover").desc(), *(model._meta.ordering or ())]


def target_of(obj: models.Model, using: str | None) -> Target:
    """What relations in the database ``using`` call ``obj``."""
    content_type = ContentType.objects.db_manager(using).get_for_model(obj)
    return content_type.pk, str(obj.pk)


def target_in(relation: AbstractImageRelation) -> Target:
    """The object of ``relation``, as ``target_of`` says it."""
    return relation.content_type_id, relation.object_id


def _about(objects: Collection[models.Model], relations: _Relations) -> _Relations:
    using = relations.db
    # All at once; from here on they are remembered.
    ContentType.objects.db_manager(using).get_for_models(*{type(obj) for obj in objects})
    keys: dict[int, set[str]] = defaultdict(set)
    for obj in objects:
        content_type, key = target_of(obj, using)
        keys[content_type].add(key)
    conditions: Sequence[Q] = [
        Q(content_type=content_type, object_id__in=some) for content_type, some in keys.items()
    ]
    return relations.filter(reduce(or_, conditions))
