"""Which organization an object belongs to, by the path that its model names.

The only place that reads ``image_organization_path``. Without organizations of the host all objects
belong to the default organization, whatever the path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ObjectDoesNotExist
from django.db import models, router

from django_polyimages.conf import get_settings
from django_polyimages.errors import OrganizationMismatch
from django_polyimages.models.default_organization import DefaultOrganization
from django_polyimages.models.joins.metadata import accessor_of, holds_key, is_loaded

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage


def organization_of(obj: models.Model) -> models.Model:
    """The object at the end of ``image_organization_path``; ``obj`` itself for ``"pk"``.

    Raises ``ImproperlyConfigured`` if the model has no path or the path leads to several objects,
    ``FieldDoesNotExist`` if the path is wrong, and ``ValueError`` if it leads to None.
    """
    if not get_settings().has_organizations:
        return default_organization(using=router.db_for_write(DefaultOrganization, instance=obj))
    path = path_of(type(obj))
    if not path:
        raise ImproperlyConfigured(
            f"{obj._meta.label} has no image_organization_path, so the organization of "
            "an upload for its objects is unknown."
        )
    end = obj
    for field in _steps(type(obj)):
        found = _follow(end, field, path)
        if found is None:
            raise ValueError(f"This {obj._meta.object_name} has no organization: {path} is None.")
        end = found
    return end


def default_organization(*, using: str) -> DefaultOrganization:
    """The organization of all images. Raises ``TypeError`` where the host has organizations."""
    if get_settings().has_organizations:
        raise TypeError("Images belong to organizations: pass one, as in organization=shop.")
    return DefaultOrganization.objects.db_manager(using).get_default()


def organization_keys(obj: models.Model) -> set[Any]:
    """The keys of the organizations that ``obj`` is of, saved or not; none while not known."""
    try:
        key = organization_of(obj).pk
    except (ValueError, FieldDoesNotExist, ObjectDoesNotExist):
        return set()
    except ImproperlyConfigured:  # the path leads to several
        return _stored_owners(obj)
    return set() if key is None else {key}


def owners_of(obj: models.Model) -> set[Any]:
    """The keys of the organizations of a saved object; none if it has none, or no path.

    Makes no query where they are known from its columns or from what is loaded, and else one.
    """
    path = path_of(type(obj))
    if not path or path == "pk":
        return {obj.pk} if path else set()
    try:
        *before, last = _steps(type(obj))
    except FieldDoesNotExist:  # a system check reports this
        return set()
    end: models.Model | None = obj
    for field in before:
        if not is_loaded(end, field):
            return _stored_owners(obj)
        end = getattr(end, accessor_of(field))
        if end is None:
            return set()
    if not holds_key(last):
        return _stored_owners(obj)
    return {getattr(end, last.attname)} - {None}


def owners_of_rows(
    model: type[models.Model], keys: Collection[Any], *, using: str
) -> dict[Any, set[Any]]:
    """What ``owners_of()`` says of the objects with these keys, in one query; by their keys."""
    path = path_of(model)
    if not path or path == "pk":
        return {key: {key} for key in keys} if path else {}
    if end_of_path(model) is None:  # a system check reports this
        return {}
    found: dict[Any, set[Any]] = {}
    rows = model._base_manager.using(using).filter(pk__in=keys)
    for key, owner in rows.values_list("pk", _key_path(model)):
        found.setdefault(key, set()).add(owner)
    return {key: owners - {None} for key, owners in found.items()}


def owners_of_images(images: Collection[AbstractImage]) -> dict[Any, Any]:
    """The key of the organization of each image, by the image's; one query if any is deferred."""
    deferred = {one.pk: one for one in images if "organization_id" in one.get_deferred_fields()}
    known = {one.pk: one.organization_id for one in images if one.pk not in deferred}
    if not deferred:
        return known
    first = next(iter(deferred.values()))
    rows = type(first)._base_manager.using(first._state.db).filter(pk__in=deferred)
    return known | dict(rows.values_list("pk", "organization_id"))


def require_owner(obj: models.Model, images: Collection[AbstractImage]) -> None:
    """Raise ``OrganizationMismatch`` if images are of another organization than the saved object.

    An object whose organization is unknown may have images of any.
    """
    owners = owners_of(obj) if images else set()
    if not owners:
        return
    known = owners_of_images(images)
    if foreign := [one.pk for one in images if known.get(one.pk) not in owners]:
        raise OrganizationMismatch(foreign)


def objects_of(organization: models.Model, model: type[models.Model]) -> models.QuerySet[Any]:
    """The objects of ``model`` that belong to ``organization``.

    Empty for a model without ``image_organization_path``, unless the host has no organizations.
    """
    if not has_path(model):
        return model._default_manager.none()
    if not get_settings().has_organizations:
        return model._default_manager.all()
    return model._default_manager.filter(**{_key_path(model): organization.pk})


def path_of(model: type[models.Model]) -> str | None:
    """``image_organization_path``, if the model has one and the host has organizations."""
    if not get_settings().has_organizations:
        return None
    return getattr(model, "image_organization_path", None)


def has_path(model: type[models.Model]) -> bool:
    """Whether it is known to which organization the objects of ``model`` belong."""
    return not get_settings().has_organizations or bool(path_of(model))


def has_one_organization(model: type[models.Model]) -> bool:
    """Whether each object has exactly one organization, which uploads for it belong to."""
    if not get_settings().has_organizations:
        return True
    try:
        return not any(field.one_to_many or field.many_to_many for field in _steps(model))
    except FieldDoesNotExist:  # a system check reports this
        return False


def end_of_path(model: type[models.Model]) -> type[models.Model] | None:
    """The model that the path leads to; None where there is no such path."""
    try:
        steps = list(_steps(model))
    except FieldDoesNotExist:
        return None
    return steps[-1].related_model if steps else model


def _key_path(model: type[models.Model]) -> str:
    path = path_of(model)
    return "pk" if path == "pk" else f"{path}__pk"


def _stored_owners(obj: models.Model) -> set[Any]:
    rows = type(obj)._base_manager.using(obj._state.db).filter(pk=obj.pk)
    return set(rows.values_list(_key_path(type(obj)), flat=True)) - {None}


def _steps(model: type[models.Model]) -> Iterator[Any]:
    """The relations that the path follows. Raises ``FieldDoesNotExist`` where it leads nowhere."""
    path = path_of(model) or ""
    for name in [] if path == "pk" else path.split("__"):
        field = model._meta.get_field(name)
        if not isinstance(field.related_model, type):
            raise FieldDoesNotExist(f"{field} leads to no other model.")
        yield field
        model = field.related_model


def _follow(obj: models.Model, field: Any, path: str) -> models.Model | None:
    if field.one_to_many or field.many_to_many:
        raise ImproperlyConfigured(
            f"The path {path!r} leads from one {obj._meta.label} to many objects "
            f"through {field.name!r}: upload the image with organization=, then attach it."
        )
    try:
        found: models.Model | None = getattr(obj, accessor_of(field))
    except ObjectDoesNotExist:  # the other side of a one-to-one
        return None
    return found
