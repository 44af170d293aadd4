"""What uses an image: every row that refers to it, of whatever model.

The manager, the admin and the HTTP API all ask here. The relations are one of the references; the
others are foreign keys, one-to-one and many-to-many fields and generic foreign keys of the host.
"""

from __future__ import annotations

from functools import reduce
from operator import add, or_
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Exists, F, Func, IntegerField, Model, OuterRef, QuerySet, Subquery

from django_polyimages.models.joins.references import Reference, references_to

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage

_COUNT = Func(F("pk"), function="COUNT", output_field=IntegerField())
"""No ``Count``, for which Django would group by the columns of the row."""
Rows = TypeVar("Rows", bound="QuerySet[Any]")


def references(model: type[AbstractImage]) -> list[Reference]:
    """What refers to images of this model: the relations first, then what the host has added."""
    relations = relation_model_of(model)
    return sorted(references_to(model), key=lambda one: one.model is not relations)


def relation_model_of(model: type[AbstractImage]) -> type[Model]:
    """The model of the relations to images of this model, by the accessor ``relations``."""
    opts: Any = model._meta
    found: type[Model] = opts.get_field("relations").related_model
    return found


def unused(images: Rows) -> Rows:
    """The images that nothing refers to."""
    # One NOT EXISTS for each reference, because databases can join those.
    return images.filter(*(~Exists(rows) for rows in _rows_of_each(images.model)))


def used(images: Rows) -> Rows:
    """The images that something refers to."""
    return images.filter(reduce(or_, map(Exists, _rows_of_each(images.model))))


def count_uses(images: Rows) -> Rows:
    """Annotate ``images`` with ``number_of_uses``, by subqueries to avoid a GROUP BY."""
    counts = [
        Subquery(rows.order_by().annotate(number=_COUNT).values("number"))
        for rows in _rows_of_each(images.model)
    ]
    return images.annotate(number_of_uses=reduce(add, counts))


def _rows_of_each(model: type[AbstractImage]) -> list[QuerySet[Any]]:
    return [one.model._base_manager.filter(one.condition(OuterRef)) for one in references(model)]
