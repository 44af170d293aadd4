"""What Django knows of models, and does not document.

Read in Django 5.2, 6.0 and 6.1: ``remote_field`` and ``target_field`` of a field;
``concrete_model``, ``parents`` and ``auto_created`` of ``_meta``; ``through`` of what is many to
many; ``is_cached()`` of a relation;
``_db`` of a manager or a queryset, and ``is_sliced`` of its query; ``features`` of a connection;
``get_accessor_name()`` of a reverse relation.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, models, router
from django.db.models.fields.reverse_related import ForeignObjectRel


def key_field_of(model: type[models.Model]) -> Any:
    """The field that holds the value of the primary key.

    A key that is a ``OneToOneField``, as that of a child by inheritance, is followed to its end.
    """
    field: Any = model._meta.pk
    while field.remote_field:
        field = field.target_field
    return field


def accessor_of(field: Any) -> str:
    """The attribute of an object that leads along a relation, forward or reverse."""
    is_reverse = isinstance(field, ForeignObjectRel)
    name: str = field.get_accessor_name() if is_reverse else field.name
    return name


def holds_key(field: Any) -> bool:
    """Whether an object has the primary key of what this relation refers to in a column."""
    return bool(field.concrete and not field.many_to_many and field.target_field.primary_key)


def is_loaded(obj: Any, field: Any) -> bool:
    """Whether following this relation costs no query; one to many objects always does."""
    return not (field.one_to_many or field.many_to_many) and bool(field.is_cached(obj))


def is_same_table(one: type[models.Model], other: type[models.Model]) -> bool:
    """Whether they are one model, or proxies of one."""
    return one._meta.concrete_model is other._meta.concrete_model


def tables_above(model: type[models.Model]) -> list[type[models.Model]]:
    """The models that ``model`` inherits directly through multi-table inheritance."""
    return [] if model._meta.proxy else list(model._meta.parents)


def related_name_of(field: models.ForeignKey[Any, Any]) -> str | None:
    """What the other model calls the rows that refer to it; None where nothing was said."""
    name: str | None = field.remote_field.related_name
    return name


def has_table_of_its_own(field: models.ManyToManyField[Any, Any]) -> bool:
    """Whether Django made the table between the two models: forms have no field for others."""
    through: Any = field.remote_field.through
    return bool(through._meta.auto_created)


def dependents_of(model: type[models.Model]) -> list[Any]:
    """The foreign keys that refer to ``model``, without those of the tables that Django made for
    its many-to-many fields.
    """
    fields = model._meta.get_fields(include_hidden=True)
    back = [one for one in fields if isinstance(one, models.ManyToOneRel)]
    return [one.field for one in back if not one.related_model._meta.auto_created]


def remote_field_of(field: Any) -> Any:
    """The side of a relation that the other model has."""
    return field.remote_field


def on_delete_of(field: Any) -> Any:
    """``CASCADE``, ``PROTECT`` or another, as a foreign key was told."""
    return field.remote_field.on_delete


def is_sliced(rows: models.QuerySet[Any, Any]) -> bool:
    """Whether a queryset has a limit or an offset."""
    return rows.query.is_sliced


def locks_rows(using: str) -> bool:
    """Whether the database locks rows; SQLite locks all of the database instead."""
    return bool(connections[using].features.has_select_for_update)


def can_lock_without_key(using: str) -> bool:
    """Whether rows can be locked so that others can still insert foreign keys to them."""
    return bool(connections[using].features.has_select_for_no_key_update)


def database_for_writing(rows: Any, **hints: Any) -> str:
    """The one that a manager or a queryset was told to use, else what the routers say."""
    return rows._db or router.db_for_write(rows.model, **hints)
