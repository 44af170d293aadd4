"""Checks the host's models: those that have images, and those that refer to images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericRelation
from django.core import checks
from django.db.models import BinaryField, CharField, CompositePrimaryKey, Model, TextField

from django_polyimages.accessors import (
    get_image_model,
    get_organization_model,
    get_relation_model,
)
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.attachable import is_attachable
from django_polyimages.models.joins.images_field import images_field_of, is_inherited
from django_polyimages.models.joins.metadata import (
    is_same_table,
    key_field_of,
)
from django_polyimages.models.organizations import end_of_path, path_of


def check_organization_paths(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that every attachable model has a path to its organization."""
    if not get_settings().has_organizations:
        return []
    return [message for model in _hosts() for message in _complaints_of_path(model)]


def check_inherited_images(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that no model inherits images through multi-table inheritance.

    Such an object would have two lists of images, one for each model.
    """
    return [
        checks.Warning(
            f"{model._meta.label} inherits images through multi-table inheritance.",
            hint="Its objects have two separate lists of images, one for each model. Attach images "
            "to the parent only, as the HTTP API does.",
            obj=model,
            id="polyimages.W002",
        )
        for model in apps.get_models()
        if not model._meta.proxy  # a proxy shares the rows and images of its parent
        if (field := images_field_of(model)) and is_inherited(field)
    ]


def check_primary_keys(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the primary key of every attachable model fits into ``object_id``."""
    relation_model: type[Model] = get_relation_model()
    if not issubclass(relation_model, AbstractImageRelation):
        return []  # E003 reports this
    limit = relation_model._meta.get_field("object_id").max_length
    return [
        checks.Error(
            f"{model._meta.label} has images, but its primary key {problem}.",
            hint=f"A relation stores the key as a text of at most {limit} characters. Give the "
            "model a short primary key, such as id = models.BigAutoField(primary_key=True), and a "
            "unique constraint for its current key.",
            obj=model,
            id="polyimages.E011",
        )
        for model in _hosts()
        for problem in _problems_of_key(model, limit)
    ]


def check_models_not_in_use(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that no model of the host refers to an image or relation model that is not in use.

    Django does not notice this mistake, because the other table exists; it is just empty.
    """
    messages: list[checks.CheckMessage] = []
    for model in apps.get_models():
        if issubclass(model, AbstractImageRelation):
            continue  # a relation model that is not in use may refer to its own image model
        for field in model._meta.get_fields(include_parents=False):
            if isinstance(field, GenericRelation):
                if not is_inherited(field):
                    messages.extend(_complaints_of_generic_relation(field))
            elif not field.auto_created:
                messages.extend(_complaints_of_foreign_key(field))
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
                hint="Set it to the ORM path from an object to its organization, such as "
                'image_organization_path = "organization" or register_attachable('
                f'{model.__name__}, organization_path="organization"). Without it the HTTP API '
                "does not serve the model. If you want that, silence this check.",
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
            + (f"which leads to {found._meta.label}." if found else "a path that does not exist."),
            hint=f'The path must lead to {organization._meta.label}, such as "shop__organization".',
            obj=model,
            id="polyimages.E001",
        )
    ]


def _problems_of_key(model: type[Model], limit: int | None) -> Iterator[str]:
    key = key_field_of(model)
    if isinstance(key, CompositePrimaryKey):
        yield "is composite"
    elif isinstance(key, TextField | BinaryField):
        yield f"is a {type(key).__name__}, which has no maximum length"
    elif isinstance(key, CharField) and limit and not (key.max_length or limit + 1) <= limit:
        yield f"may have {key.max_length or 'any number of'} characters"


def _complaints_of_foreign_key(field: Any) -> list[checks.CheckMessage]:
    target, active = field.related_model, get_image_model()
    if not _is_other(target, AbstractImage, active):
        return []
    return [
        checks.Warning(
            f"{field} refers to {target._meta.label}, but IMAGE_MODEL is {active._meta.label}.",
            hint=f'Refer to "{active._meta.label}" instead, and move the rows in a migration: '
            f"new images are never stored in {target._meta.label}.",
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
            f"{field} refers to {target._meta.label}, but RELATION_MODEL is {active._meta.label}.",
            hint="Inherit ImageAttachable, or write ImagesField() instead: both use the setting. "
            f"New relations are never stored in {target._meta.label}.",
            obj=field,
            id="polyimages.E010",
        )
    ]


def _is_other(target: Any, abstract: type[Model], active: type[Model]) -> bool:
    """Whether ``target`` inherits ``abstract`` and is neither parent nor child of ``active``."""
    if not (isinstance(target, type) and issubclass(target, abstract)):
        return False
    return not (issubclass(target, active) or issubclass(active, target))
