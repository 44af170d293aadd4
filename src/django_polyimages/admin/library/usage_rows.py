"""The first rows that refer to each image, loaded for the admin, and their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Model, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber

from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.joins.references import Reference
from django_polyimages.models.primary_keys import canonical_key
from django_polyimages.models.usage import references, relation_model_of

MOST_SHOWN = 50
"""How many objects are listed by name; the others are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundUse:
    """One object that uses an image."""

    image: Any
    """The primary key of the image."""
    number: int
    """How many rows refer to the image in the same way."""
    place: int
    """The place among these, from 1."""
    kind: str
    """The verbose name of the object's model."""
    key: str
    """The primary key of the object."""
    obj: Model | None
    """None if the object no longer exists."""
    is_cover: bool = False


def found_uses(images: Sequence[AbstractImage]) -> Iterator[FoundUse]:
    """The first uses of each image: by relations, then by each other reference.

    This makes a query for each reference, and one for each model of objects with images.
    """
    if not images:
        return
    model = type(images[0])
    yield from _uses_by_relations(images)
    for reference in references(model):
        if reference.model is not relation_model_of(model):
            yield from _uses_by(reference, images)


def _uses_by_relations(images: Sequence[AbstractImage]) -> Iterator[FoundUse]:
    relations: QuerySet[Any] = relation_model_of(type(images[0]))._base_manager.all()
    relations = relations.filter(image__in=[image.pk for image in images])
    order = ["-is_cover", "pk"]
    rows = list(_first(relations, "image", order).select_related("content_type"))
    prefetch_related_objects([one for one in rows if _can_exist(one)], "content_object")
    for one in rows:
        yield FoundUse(
            image=one.image_id,
            number=one.polyimages_number,
            place=one.polyimages_place,
            kind=one.content_type.name,
            key=one.object_id,
            obj=one.content_object if _can_exist(one) else None,
            is_cover=one.is_cover,
        )


def _uses_by(reference: Reference, images: Sequence[AbstractImage]) -> Iterator[FoundUse]:
    keys = {str(image.pk): image.pk for image in images}
    rows: QuerySet[Any] = reference.model._base_manager.filter(reference.among(list(keys.values())))
    rows = rows.annotate(polyimages_key=reference.key)
    if reference.owner:
        rows = rows.select_related(reference.owner)
    for row in _first(rows, "polyimages_key", ["pk"]):
        obj = getattr(row, reference.owner) if reference.owner else row
        yield FoundUse(
            image=keys[str(row.polyimages_key)],
            number=row.polyimages_number,
            place=row.polyimages_place,
            kind=str(reference.user_model._meta.verbose_name),
            key=str(obj.pk),
            obj=obj,
        )


def _first(rows: QuerySet[Any], image: str, order: list[str]) -> QuerySet[Any]:
    """The first rows of each image, annotated with their number and place."""
    number = Window(Count("pk"), partition_by=image)
    place = Window(RowNumber(), partition_by=image, order_by=order)
    rows = rows.annotate(polyimages_number=number, polyimages_place=place)
    return rows.filter(polyimages_place__lte=MOST_SHOWN).order_by("polyimages_place")


def _can_exist(relation: AbstractImageRelation) -> bool:
    """Whether the model still exists, and its primary key could have this value."""
    model = relation.content_type.model_class()
    return model is not None and canonical_key(model, relation.object_id) is not None
