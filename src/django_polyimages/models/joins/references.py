"""Finds the columns of all installed models that refer to the rows of a model.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``remote_field`` and ``target_field`` of
a field, ``parent_link`` and ``through`` of its ``remote_field``; ``auto_created``,
``concrete_model``, ``many_to_many``, ``private_fields`` and ``apps`` of ``_meta``;
``mti_inherited`` of a ``GenericForeignKey``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from django_polyimages.models.joins.columns import ObjectIdField
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.joins.object_ids import ContentTypeKey, KeyAsText

_TEXT = (models.CharField, models.TextField)
_KINDS = (models.IntegerField, models.UUIDField)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyReference:
    """A foreign key, a one-to-one field, or one side of the table of a many-to-many field."""

    model: type[models.Model]
    """The model of the rows that refer."""
    field: Any
    owner: str = ""
    """The field that leads from a row to the object with the many-to-many field. Empty if the row
    is the object."""

    @property
    def user_model(self) -> type[models.Model]:
        """The model of the objects that use what they refer to."""
        owner: Any = self.model._meta.get_field(self.owner).related_model if self.owner else None
        return owner or self.model

    def condition(self, prefix: type[F]) -> Q:
        """The rows that refer to the row of an outer query; ``prefix`` is ``OuterRef``."""
        target = self.field.target_field
        return Q(**{self.field.name: prefix("pk" if target.primary_key else target.attname)})

    def among(self, keys: Any) -> Q:
        """The rows that refer to rows with these primary keys: a list, or a query for them."""
        return Q(**{f"{self.field.name}__pk__in": keys})

    @property
    def key(self) -> Combinable:
        """The primary key that a row refers to."""
        return F(f"{self.field.name}__pk")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericReference:
    """A ``GenericForeignKey``, which refers to rows of any model."""

    model: type[models.Model]
    field: GenericForeignKey
    target: type[models.Model]
    owner: str = ""

    @property
    def user_model(self) -> type[models.Model]:
        return self.model

    def condition(self, prefix: type[F]) -> Q:
        key = KeyAsText(prefix("pk")) if self._is_text else prefix("pk")
        return self._of_target & Q(**{self.field.fk_field: key})

    def among(self, keys: list[Any]) -> Q:
        spelled = [str(key) for key in keys] if self._is_text else keys
        return self._of_target & Q(**{f"{self.field.fk_field}__in": spelled})

    @property
    def key(self) -> Combinable:
        return F(self.field.fk_field)

    @property
    def _of_target(self) -> Q:
        return Q(**{self.field.ct_field: ContentTypeKey(self.target)})

    @property
    def _is_text(self) -> bool:
        return isinstance(self.model._meta.get_field(self.field.fk_field), _TEXT)


Reference = ForeignKeyReference | GenericReference


def references_to(model: type[models.Model]) -> list[Reference]:
    """The columns that refer to rows of ``model``.

    What ``model`` itself declares is no reference to it: the tables of its own many-to-many fields,
    and the models of its generic relations, whose rows are deleted with it.
    """
    meta: Any = model._meta
    model = meta.concrete_model
    return [*_foreign_keys_to(model), *_generic_foreign_keys_to(model)]


def _foreign_keys_to(model: type[models.Model]) -> Iterator[ForeignKeyReference]:
    own: set[Any] = {field.remote_field.through for field in model._meta.many_to_many}
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel):  # a one-to-one is one, too
            continue
        field: Any = relation.field
        if field.remote_field.parent_link:
            if field.model is not model and issubclass(field.model, model):
                # The same object: what refers to the child refers to the parent.
                yield from _foreign_keys_to_child(field.model)
        elif field.model not in own:
            yield ForeignKeyReference(model=field.model, field=field, owner=_owner_of(field))


def _foreign_keys_to_child(child: type[models.Model]) -> Iterator[ForeignKeyReference]:
    for reference in _foreign_keys_to(child):
        target = reference.field.target_field
        if target.model is child and target.primary_key:
            yield reference


def _owner_of(field: Any) -> str:
    """In a table that Django made for a many-to-many field: the column of the other side."""
    if not field.model._meta.auto_created:
        return ""
    others = [one for one in field.model._meta.get_fields() if one.many_to_one and one != field]
    return str(others[0].name)


def _generic_foreign_keys_to(model: type[models.Model]) -> Iterator[GenericReference]:
    kind = key_field_of(model)
    private = model._meta.private_fields
    own = {one.related_model for one in private if isinstance(one, GenericRelation)}
    for other in model._meta.apps.get_models():
        if other._meta.proxy or other in own:
            continue
        for field in other._meta.private_fields:
            if not isinstance(field, GenericForeignKey) or getattr(field, "mti_inherited", False):
                continue
            if _can_hold(other._meta.get_field(field.fk_field), kind):
                yield GenericReference(model=other, field=field, target=model)


def _can_hold(column: Any, key: Any) -> bool:
    """Whether a column can hold such a primary key, and a database can compare the two.

    The column of a relation model says which object has images; it uses none.
    """
    if isinstance(column, ObjectIdField):
        return False
    if isinstance(column, _TEXT):
        return isinstance(key, (*_TEXT, *_KINDS))
    return any(isinstance(column, kind) and isinstance(key, kind) for kind in _KINDS)
