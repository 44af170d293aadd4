"""The field behind ``contact.images``: a ``GenericRelation`` that joins by the key as text.

Django's own compares ``object_id`` with the key as the database keeps it. PostgreSQL refuses that
in ``exclude()``, and elsewhere casts each ``object_id``, which fails at one that is no such key.
Where a UUID is kept as 32 digits, as on SQLite, nothing is found and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.fields import (
    GenericRel,
    GenericRelation,
    ReverseGenericManyToOneDescriptor,
    create_generic_related_manager,
)
from django.db import models
from django.db.models.expressions import Expression
from django.db.models.query_utils import FilteredRelation, PathInfo
from django.db.models.sql.where import AND, WhereNode
from django.utils.functional import cached_property

from django_polyimages.accessors import get_relation_model
from django_polyimages.conf import get_settings
from django_polyimages.models.joins.object_ids import ContentTypeKey
from django_polyimages.models.joins.prefetch import covers_about, target_in, target_of

if TYPE_CHECKING:
    from django_polyimages.models.relations import AbstractImageRelation

_Fetched = tuple[
    models.QuerySet["AbstractImageRelation"],
    Callable[..., Any],
    Callable[..., Any],
    bool,
    str,
    bool,
]
COVER = "_images_cover"
"""What ``prefetch_related()`` calls the covers."""


class _ImagesRel(GenericRel):
    """Where ``filter(images=relation)`` takes the type of the key from: Django's own says that of
    the host, and reads 7 as ``UUID(int=7)``.
    """

    def get_path_info(self, filtered_relation: FilteredRelation | None = None) -> list[PathInfo]:
        return self.field.get_path_info(filtered_relation)


class ImagesField(GenericRelation):
    """``images`` of a model: the relations to its objects.

    Beside Django's cache of prefetched relations it keeps the cover alone, where only that was
    loaded: ``get_cached_value(obj)``.
    """

    rel_class = _ImagesRel

    def __init__(self, to: type[models.Model] | str = "", **kwargs: Any) -> None:
        super().__init__(to or get_settings().relation_model, **kwargs)

    def contribute_to_class(  # type: ignore[override]
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        super().contribute_to_class(cls, name, **kwargs)
        setattr(cls, name, _ImagesDescriptor(self.remote_field))  # type: ignore[arg-type]
        setattr(cls, COVER, _CoverDescriptor(self))

    def get_reverse_joining_fields(self) -> tuple[()]:
        """No columns as they are: ``get_extra_restriction`` is the whole condition of the join."""
        return ()

    def get_extra_restriction(self, alias: str | None, remote_alias: str) -> WhereNode:
        relation = self.remote_field.model._meta
        content_type = relation.get_field(self.content_type_field_name)
        object_id = relation.get_field(self.object_id_field_name)
        conditions = [_equal(content_type, remote_alias, ContentTypeKey(self.model))]
        if alias is not None:  # in exclude() Django compares the keys itself, with our lookup
            key = self.model._meta.pk.get_col(alias)
            conditions.append(_equal(object_id, remote_alias, key))
        return WhereNode(conditions, connector=AND)


class _ImagesDescriptor(ReverseGenericManyToOneDescriptor):
    """Gives ``contact.images``."""

    @cached_property
    def related_manager_cls(self) -> type[Any]:
        field = self.rel.field
        manager_of_one = create_generic_related_manager(
            type(self.rel.model._default_manager), self.rel
        )

        class ImagesOfOne(manager_of_one):  # type: ignore[misc, valid-type]
            def _remove_prefetched_objects(self) -> None:
                super()._remove_prefetched_objects()
                if field.is_cached(self.instance):
                    field.delete_cached_value(self.instance)

        return ImagesOfOne


class _CoverDescriptor:
    """Lets ``prefetch_related()`` load covers, for ``images.cover()``."""

    def __init__(self, field: ImagesField) -> None:
        self.field = field

    def is_cached(self, instance: models.Model) -> bool:
        return self.field.is_cached(instance)

    def get_prefetch_querysets(
        self, instances: Sequence[models.Model], querysets: Any = None
    ) -> _Fetched:
        manager = get_relation_model()._default_manager
        relations = manager.db_manager(hints={"instance": instances[0]}).all()
        covers = covers_about(instances, relations)
        key = partial(target_of, using=covers.db)
        return covers, target_in, key, True, self.field.name, False


def _equal(field: Any, alias: str, value: Expression) -> Any:
    return field.get_lookup("exact")(field.get_col(alias), value)
