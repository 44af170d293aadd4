"""Which organization an object belongs to."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel


def organization_of(obj: models.Model) -> models.Model:
    """The object at the end of ``image_organization_path``; ``obj`` itself for ``"pk"``.

    Raises ``ImproperlyConfigured`` where the model has no path or one that leads to many objects,
    ``FieldDoesNotExist`` where it leads nowhere, and ``ValueError`` where it ends at None.
    """
    path: str | None = getattr(obj, "image_organization_path", None)
    if not path:
        raise ImproperlyConfigured(
            f"{obj._meta.label} has no image_organization_path, so its objects belong to no "
            "organization that an upload could be for."
        )
    found: models.Model | None = obj
    for name in path.split("__") if path != "pk" else []:
        found = _follow(found, name, path) if found else None
    if found is None:
        raise ValueError(f"This {obj._meta.object_name} has no organization: {path} is None.")
    return found


def _follow(obj: models.Model, name: str, path: str) -> models.Model | None:
    field = obj._meta.get_field(name)
    if field.one_to_many or field.many_to_many:
        raise ImproperlyConfigured(
            f"The path {path!r} leads from one {obj._meta.label} to many objects by {name!r}: "
            "upload the image with the organization that is meant, then attach it."
        )
    accessor = field.get_accessor_name() if isinstance(field, ForeignObjectRel) else field.name
    try:
        found: models.Model | None = getattr(obj, accessor or name)
    except ObjectDoesNotExist:  # the other side of a one-to-one
        return None
    return found
