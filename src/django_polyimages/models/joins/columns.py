"""The columns that Django has no field for."""

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
    """The key of a host object as text in its one canonical spelling, whatever type it has."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """As Django's own field: the migrations of a host do not import this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: FBT001
        """Text also on the instance at hand, not only in the database."""
        value = getattr(model_instance, self.attname)
        if value is not None:  # that the database refuses
            value = str(value)
            setattr(model_instance, self.attname, value)
        return cast("str", value)


ObjectIdField.register_lookup(SameKey)
ObjectIdField.register_lookup(SameKeys)


class VersionsField(_Base):
    """A JSON column, in Python a dict of ``Version`` by name."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """As Django's own field: the migrations of a host do not import this module."""
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

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> Any:
        return super().get_db_prep_value(_records(value), connection, prepared)

    def value_to_string(self, obj: models.Model) -> Any:
        """For ``dumpdata``: the records, not the objects."""
        return _records(self.value_from_object(obj))


def _versions(value: Any) -> Any:
    """``Version`` objects for records; what is neither (a key transform's result) stays."""
    if isinstance(value, dict) and all(isinstance(item, Mapping) for item in value.values()):
        return from_json(value)
    return value


def _records(value: Any) -> Any:
    if isinstance(value, dict) and all(isinstance(item, Version) for item in value.values()):
        return to_json(value)
    return value
