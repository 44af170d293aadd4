"""Whether each of many new relations is within one organization."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from django_polyimages.errors import OrganizationMismatch
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.organizations import owners_of_rows
from django_polyimages.models.primary_keys import canonical_key

if TYPE_CHECKING:
    from django_polyimages.models.relations import AbstractImageRelation

AT_ONCE = 500
"""How many relations are checked together; databases limit the parameters of a query."""


def require_owners(
    relations: Sequence[AbstractImageRelation], images: type[Model], *, using: str
) -> None:
    """Raise ``OrganizationMismatch`` if ``save()`` would for any of these new relations to rows of
    ``images``.

    Makes one query for each model of their objects and one for the images.
    """
    parts = [relations[start : start + AT_ONCE] for start in range(0, len(relations), AT_ONCE)]
    foreign = [image for part in parts for image in _foreign(part, images, using)]
    if foreign:
        raise OrganizationMismatch(list(dict.fromkeys(foreign)))


def _foreign(
    relations: Sequence[AbstractImageRelation], images: type[Model], using: str
) -> list[Any]:
    to_key = key_field_of(images).get_prep_value
    pairs = [(to_key(one.image_id), owners) for one, owners in _owned(relations, using) if owners]
    if not pairs:
        return []
    rows = images._base_manager.using(using).filter(pk__in={key for key, _owners in pairs})
    known = dict(rows.values_list("pk", "organization_id"))
    return [key for key, owners in pairs if key in known and known[key] not in owners]


def _owned(
    relations: Sequence[AbstractImageRelation], using: str
) -> Iterator[tuple[AbstractImageRelation, set[Any]]]:
    """The relations to check, each with the organizations of its object."""
    model_of = cache(_model_of)
    by_model: dict[type[Model], list[tuple[AbstractImageRelation, Any]]] = defaultdict(list)
    for one in relations:
        model = None if one.allow_foreign or one.image_id is None else model_of(one.content_type_id)
        if model:
            by_model[model].append((one, canonical_key(model, one.object_id)))
    for model, rows in by_model.items():
        keys = {key for _one, key in rows if key is not None}
        owners = owners_of_rows(model, keys, using=using)
        yield from ((one, owners.get(key, set())) for one, key in rows)


def _model_of(content_type_id: Any) -> type[Model] | None:
    try:
        return ContentType.objects.get_for_id(content_type_id).model_class()
    except ContentType.DoesNotExist:
        return None
