"""Which organizations the images of an object may be of, before the object is saved."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist
from django.db.models import Model

from django_polyimages.models import organization_of


def path_of(model: type[Model]) -> str:
    """``image_organization_path``; empty where the model has none."""
    return getattr(model, "image_organization_path", None) or ""


def has_one_organization(model: type[Model]) -> bool:
    """Whether each object has one organization, which an upload for it is of."""
    path, opts = path_of(model), model._meta
    if path == "pk":
        return True
    try:
        for name in path.split("__"):
            field = opts.get_field(name)
            if field.one_to_many or field.many_to_many or not isinstance(field.related_model, type):
                return False
            opts = field.related_model._meta
    except FieldDoesNotExist:  # a system check says so
        return False
    return True


def organization_keys(obj: Model) -> set[Any]:
    """The keys of the organizations that ``obj`` is of; none while that is not known."""
    try:
        key = organization_of(obj).pk
    except (ValueError, FieldDoesNotExist, ObjectDoesNotExist):
        return set()
    except ImproperlyConfigured:  # a path to many
        rows = type(obj)._base_manager.filter(pk=obj.pk)
        return set(rows.values_list(f"{path_of(type(obj))}__pk", flat=True)) - {None}
    return set() if key is None else {key}
