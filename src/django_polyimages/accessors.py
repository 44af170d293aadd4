"""The models in use. The default tables always exist, but a host may use its own models."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from django_polyimages.conf import get_settings

if TYPE_CHECKING:
    from django.db.models import Model

    from django_polyimages.models import AbstractImage, AbstractImageRelation


def get_image_model() -> type[AbstractImage]:
    """The image model in use: ``POLYIMAGES["IMAGE_MODEL"]``."""
    return cast("type[AbstractImage]", _get_model("IMAGE_MODEL"))


def get_relation_model() -> type[AbstractImageRelation]:
    """The relation model in use: ``POLYIMAGES["RELATION_MODEL"]``."""
    return cast("type[AbstractImageRelation]", _get_model("RELATION_MODEL"))


def get_organization_model() -> type[Model]:
    """The organization model in use: ``POLYIMAGES["ORGANIZATION_MODEL"]``."""
    return _get_model("ORGANIZATION_MODEL")


def _get_model(option: str) -> type[Model]:
    label: str = getattr(get_settings(), option.lower())
    try:
        return apps.get_model(label, require_ready=False)
    except LookupError as error:
        app = '"django.contrib.auth"' if label.startswith("auth.") else "its app"
        raise ImproperlyConfigured(
            f"POLYIMAGES[{option!r}] is {label!r}, a model that is not installed: {error} Add "
            f"{app} to INSTALLED_APPS or name another model."
        ) from None
