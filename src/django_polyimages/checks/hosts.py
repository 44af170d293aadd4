"""Checks of the host's models: those that have images, and those that refer to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks
from django.db.models import BinaryField, CharField, CompositePrimaryKey, Model, TextField

from django_polyimages.accessors import (
    get_image_model,
    get_organization_model,
    get_relation_model,
)
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.attachable import is_attachable
from django_polyimages.models.joins.images_field import images_field_of, is_inherited
from django_polyimages.models.joins.metadata import (
    generic_relations_of,
    is_same_table,
    key_field_of,
)
from django_polyimages.models.organizations import end_of_path, path_of


def check_organization_paths(**kwargs: Any) -> list[checks.CheckMessage]:
    """Every attachable model says how its objects belong to an organization."""
    return [message for model in _hosts() for message in _complaints_of_path(model)]


def check_inherited_images(**kwargs: Any) -> list[checks.CheckMessage]:
    """A child by multi-table inheritance does not share the images of its parent."""
    return [
        checks.Warning(
            f"{model._meta.label} inherits images from a model with a table of its own.",
            hint="Its objects have two lists of images, one under each model. Attach to the "
            "parent only; the HTTP API does so.",
            obj=model,
            id="polyimages.W002",
        )
        for model in apps.get_models()
        if not model._meta.proxy  # its rows are the parent's, and so are their images
        if (field := images_field_of(model)) and is_inherited(field)
    ]


def check_primary_keys(**kwargs: Any) -> list[checks.CheckMessage]:
    """The key of every attachable model fits into a relation's ``object_id``."""
    relation_model: type[Model] = get_relation_model()
    if not issubclass(relation_model, AbstractImageRelation):
        return []  # E003 says so
    limit = relation_model._meta.get_field("object_id").max_length
    return [
        checks.Error(
            f"{model._meta.label} has images, but its primary key {problem}.",
            hint=f"A relation keeps the key as a text of at most {limit} characters. Give the "
            "model a short key, as in id = models.BigAutoField(primary_key=True), and what is its "
            "key today a unique constraint.",
            obj=model,
            id="polyimages.E011",
        )
        for model in _hosts()
        for problem in _problems_of_key(model, limit)
    ]


def check_models_not_in_use(**kwargs: Any) -> list[checks.CheckMessage]:
    """Nothing of the host refers to images or relations that are not the ones in use.

    Django is silent about it: the other table exists, and is empty.
    """
    messages: list[checks.CheckMessage] = []
    for model in apps.get_models():
        if issubclass(model, AbstractImageRelation):
            continue  # its image is not the host's to choose while it is not in use
        for field in model._meta.get_fields(include_parents=False):
            if not field.auto_created:
                messages.extend(_complaints_of_foreign_key(field))
        for relation in generic_relations_of(model):
            if not is_inherited(relation):
                messages.extend(_complaints_of_generic_relation(relation))
    return messages


def _hosts() -> list[type[Model]]:
    relation_model = get_relation_model()
    return [
        model
        for model in apps.get_models()
        if is_attachable(model, relation_model) and not model._meta.proxy
    ]


def _complaints_of_path(model: type[Model]) -> list[checks.CheckMessage]:
    path = path_of(model)
    if path is None:
        return [
            checks.Warning(
                f"{model._meta.label} has no image_organization_path.",
                hint="Name the ORM path from an object to its organization, as in "
                'image_organization_path = "organization" or register_attachable('
                f'{model.__name__}, organization_path="organization"); the HTTP API does not reach '
                "the model without it. If that is what you want, silence this check.",
                obj=model,
                id="polyimages.W001",
            )
        ]
    found, organization = end_of_path(model), get_organization_model()
    if found and (issubclass(organization, found) or is_same_table(organization, found)):
        return []
    return [
        checks.Error(
            f"{model._meta.label}.image_organization_path is {path!r}, "
            + (f"which ends at {found._meta.label}." if found else "a path that does not exist."),
            hint=f'It has to end at {organization._meta.label}, as "shop__organization" does.',
            obj=model,
            id="polyimages.E001",
        )
    ]


def _problems_of_key(model: type[Model], limit: int | None) -> Iterator[str]:
    key = key_field_of(model)
    if isinstance(key, CompositePrimaryKey):
        yield "is composite"
    elif isinstance(key, TextField | BinaryField):
        yield f"is a {type(key).__name__}, of any length"
    elif isinstance(key, CharField) and limit and not (key.max_length or limit + 1) <= limit:
        yield f"may have {key.max_length or 'any number of'} characters"


def _complaints_of_foreign_key(field: Any) -> list[checks.CheckMessage]:
    target, active = field.related_model, get_image_model()
    if not _is_other(target, AbstractImage, active):
        return []
    return [
        checks.Warning(
            f"{field} refers to {target._meta.label}, but IMAGE_MODEL is {active._meta.label}.",
            hint=f'Write "{active._meta.label}" instead, and move the rows over in a migration: '
            f"new images are never in {target._meta.label}.",
            obj=field,
            id="polyimages.W004",
        )
    ]


def _complaints_of_generic_relation(field: Any) -> list[checks.CheckMessage]:
    target, active = field.related_model, get_relation_model()
    if not _is_other(target, AbstractImageRelation, active):
        return []
    return [
        checks.Error(
            f"{field} leads to {target._meta.label}, but RELATION_MODEL is {active._meta.label}.",
            hint="Inherit ImageAttachable, or call register_attachable(): they follow the setting. "
            f"New relations are never in {target._meta.label}.",
            obj=field,
            id="polyimages.E010",
        )
    ]


def _is_other(target: Any, abstract: type[Model], active: type[Model]) -> bool:
    """Whether ``target`` is one of our models, but neither the one in use nor related to it."""
    if not (isinstance(target, type) and issubclass(target, abstract)):
        return False
    return not (issubclass(target, active) or issubclass(active, target))
