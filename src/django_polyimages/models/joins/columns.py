"""Columns for which Django has no field.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``DeferredAttribute`` with ``field``,
and ``descriptor_class`` of a field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from django_polyimages.models.joins.object_ids import SameKey, SameKeys
from django_polyimages.versions import Version, Versions, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Base = models.JSONField[Mapping[str, Version], Versions]
    _TextBase = models.CharField[str, str]
else:
    _Base = models.JSONField
    _TextBase = models.CharField


class ObjectIdField(_TextBase):
    """The primary key of an object of any model, as text in its canonical spelling."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Deconstruct as Django's field, so that migrations of hosts do not import this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001
        """Convert to text on the instance too, not only in the database."""
        value = getattr(model_instance, self.attname)
        if value is not None:  # the database rejects it
            value = str(value)
            setattr(model_instance, self.attname, value)
        return cast("str", value)


ObjectIdField.register_lookup(SameKey)
ObjectIdField.register_lookup(SameKeys)


class _VersionsDescriptor(DeferredAttribute):
    """``image.versions``: what the row records, as ``Versions``. Records may be assigned, too."""

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is None or isinstance(value, Versions):
            return value
        if isinstance(value, dict):  # and not an expression
            value = instance.__dict__[self.field.attname] = from_json(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class VersionsField(_Base):
    """A JSON column. On an image its value is ``Versions``; everywhere else it is plain JSON."""

    descriptor_class = _VersionsDescriptor

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Deconstruct as Django's field, so that migrations of hosts do not import this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def value_from_object(self, obj: models.Model) -> Any:
        """For serializers and forms: nothing but built-in types."""
        value = super().value_from_object(obj)
        is_typed = isinstance(value, Versions)
        return {name: dict(one) for name, one in value.items()} if is_typed else value
