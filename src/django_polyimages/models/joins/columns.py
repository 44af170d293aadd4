"""Columns for which Django has no field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db import models

from django_polyimages.models.joins.object_ids import SameKey, SameKeys
from django_polyimages.versions import Version, from_json, to_json

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Expression

    _Base = models.JSONField[dict[str, Version], dict[str, Version]]
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


class VersionsField(_Base):
    """A JSON column. In Python its value is a dict of ``Version`` by name."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Deconstruct as Django's field, so that migrations of hosts do not import this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Any:
        return _versions(super().from_db_value(value, expression, connection))

    def to_python(self, value: Any) -> Any:
        return _versions(super().to_python(value))

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_records(value))

    def value_to_string(self, obj: models.Model) -> Any:
        """For ``dumpdata``: the records, not the objects."""
        return _records(self.value_from_object(obj))


def _versions(value: Any) -> Any:
    """Convert records to ``Version`` objects, but not the result of a key transform."""
    if isinstance(value, dict) and all(isinstance(item, Mapping) for item in value.values()):
        return from_json(value)
    return value


def _records(value: Any) -> Any:
    if isinstance(value, dict) and all(isinstance(item, Version) for item in value.values()):
        return to_json(value)
    return value
