"""System checks: the mistakes that a host is likely to make, each with what mends it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from django_polyimages.accessors import get_organization_model, get_relation_model
from django_polyimages.models.attachable import is_attachable


def check_organization_paths(**kwargs: Any) -> list[checks.CheckMessage]:
    """Every attachable model says how its objects belong to an organization."""
    relation_model = get_relation_model()
    hosts = [model for model in apps.get_models() if is_attachable(model, relation_model)]
    return [message for model in hosts if not model._meta.proxy for message in _complaints(model)]


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
        for field in model._meta.private_fields
        if field.name == "images" and getattr(field, "mti_inherited", False)
    ]


def _complaints(model: type[Model]) -> list[checks.CheckMessage]:
    path = getattr(model, "image_organization_path", None)
    if path is None:
        return [
            checks.Warning(
                f"{model._meta.label} has no image_organization_path.",
                hint="Name the ORM path from an object to its organization, as in "
                'image_organization_path = "organization"; the HTTP API does not reach the model '
                "without it. If that is what you want, silence this check.",
                obj=model,
                id="polyimages.W001",
            )
        ]
    found = _end_of(model, path)
    organization = get_organization_model()
    if found is not None and issubclass(organization, found._meta.concrete_model or found):
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


def _end_of(model: type[Model], path: str) -> type[Model] | None:
    """The model that an ORM path leads to; None where there is no such path."""
    end = model
    if path == "pk":
        return end
    try:
        for name in path.split("__"):
            related = end._meta.get_field(name).related_model
            if not isinstance(related, type):
                return None
            end = related
    except FieldDoesNotExist:
        return None
    return end
