"""``ImagesField``: a ``GenericRelation`` that joins by the primary key as text.

Django's class compares ``object_id`` with the primary key as the database stores it. On PostgreSQL
this fails in ``exclude()``; in other queries ``object_id`` is cast, which fails for values that are
not valid keys. If UUIDs are stored as 32 digits, as on SQLite, it silently finds nothing.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``GenericRel``; ``remote_field``,
``content_type_field_name``, ``object_id_field_name``, ``mti_inherited``, ``get_path_info()``,
``get_reverse_path_info()``, ``get_reverse_joining_fields()`` and ``get_extra_restriction()`` of a
``GenericRelation``; ``ReverseGenericManyToOneDescriptor`` with ``rel`` and
``related_manager_cls``; ``get_prefetch_querysets()`` of a descriptor; ``PathInfo``, ``WhereNode``,
``get_col()`` and ``is_cached()`` of a field; ``private_fields`` and ``apps`` of ``_meta``.
``_replace()`` is that of a named tuple.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from django.contrib.contenttypes.fields import (
    GenericRel,
    GenericRelation,
    ReverseGenericManyToOneDescriptor,
)
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.expressions import Expression
from django.db.models.query_utils import FilteredRelation, PathInfo
from django.db.models.sql.where import AND, WhereNode
from django.utils.functional import cached_property

from django_polyimages.accessors import get_relation_model
from django_polyimages.conf import get_settings
from django_polyimages.models.joins.deleting import (
    RelationsToDelete,
    announce,
    lock_deletions_of,
)
from django_polyimages.models.joins.object_ids import ContentTypeKey
from django_polyimages.models.joins.prefetch import covers_about, target_in, target_of
from django_polyimages.models.joins.related_manager import manager_of_one

COVER = "_images_cover"
"""The name of the covers for ``prefetch_related()``."""


class _ImagesJoin(GenericRel):
    """From an object to its relations. ``filter(images=7)`` must convert 7 with the relation's key
    field; the class that Django joins by converts it with the object's.
    """

    def get_path_info(self, filtered_relation: FilteredRelation | None = None) -> list[PathInfo]:
        return self.field.get_path_info(filtered_relation)


class _ObjectJoin(GenericRel):
    """From a relation to its object, the other way round: ``filter(product=7)``."""

    def get_extra_restriction(self, alias: str, related_alias: str) -> WhereNode:
        return self.field.get_extra_restriction(alias, related_alias)


class ImagesField(GenericRelation):
    """Makes a model attachable, with the images of an object under any name::

        class Product(models.Model):
            photos = ImagesField(related_query_name="product")

    Then ``product.photos`` is what ``images`` is for a model that inherits ``ImageAttachable``. A
    model has one such field at most. With ``related_query_name`` relations can be filtered by their
    objects: ``relations.filter(product__name="Lamp")``. There is no column, so no migration.

    For type checkers, ``ImagesField["PhotoUse"]()`` names your own relation model.
    """

    # Beside Django's cache of prefetched relations, get_cached_value(obj) is the cover where only
    # covers were loaded.

    def __init__(
        self,
        to: type[models.Model] | str = "",
        *,
        related_query_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        to = to or get_settings().relation_model
        super().__init__(to, related_query_name=related_query_name, **kwargs)

    def __class_getitem__(cls, relation_model: object) -> type[Self]:
        return cls

    def contribute_to_class(  # type: ignore[override]
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        if name in vars(cls) and not is_images(vars(cls)[name]):
            # What the class says wins over an inherited field, as it does for columns: None leaves
            # the field out, and a check reports anything else.
            return
        super().contribute_to_class(cls, name, **kwargs)
        setattr(cls, name, _ImagesDescriptor(self.remote_field))  # type: ignore[arg-type]
        setattr(cls, COVER, _CoverDescriptor(self))
        if not cls._meta.abstract:
            lock_deletions_of(cls)

    def bulk_related_objects(self, objs: list[models.Model], using: str = "default") -> Any:
        """The relations to delete with ``objs``, with their images: the admin names each of them,
        and made a query for each title.
        """
        relations = super().bulk_related_objects(objs, using)
        relations = RelationsToDelete(relations.model, relations.query, using)
        unneeded = ("image__versions", "image__placeholder", "image__description")
        relations = relations.select_related("image").defer(*unneeded)
        announce(objs, relations)
        return relations

    def get_path_info(self, filtered_relation: FilteredRelation | None = None) -> list[PathInfo]:
        steps = super().get_path_info(filtered_relation)
        return [_joined_by(_ImagesJoin, step, self) for step in steps]

    def get_reverse_path_info(
        self, filtered_relation: FilteredRelation | None = None
    ) -> list[PathInfo]:
        steps = super().get_reverse_path_info(filtered_relation)
        return [_joined_by(_ObjectJoin, step, self) for step in steps]

    def get_reverse_joining_fields(self) -> tuple[()]:
        """No columns, since ``get_extra_restriction`` is the whole condition of the join."""
        return ()

    def get_extra_restriction(self, alias: str | None, remote_alias: str) -> WhereNode:
        relation = self.remote_field.model._meta
        content_type = relation.get_field(self.content_type_field_name)
        object_id = relation.get_field(self.object_id_field_name)
        conditions = [_equal(content_type, remote_alias, ContentTypeKey(self.model))]
        if alias is not None:  # in exclude() Django adds this condition itself
            key = self.model._meta.pk.get_col(alias)
            conditions.append(_equal(object_id, remote_alias, key))
        return WhereNode(conditions, connector=AND)


class _ImagesDescriptor(ReverseGenericManyToOneDescriptor):
    """What ``Contact.images`` is."""

    @cached_property
    def related_manager_cls(self) -> type[Any]:
        return manager_of_one(type(self.rel.model._default_manager), self.rel)


class _CoverDescriptor:
    """Loads covers with ``prefetch_related()``, for ``images.cover()``."""

    def __init__(self, field: ImagesField) -> None:
        self.field = field

    def is_cached(self, instance: models.Model) -> bool:
        return self.field.is_cached(instance)

    def get_prefetch_querysets(
        self, instances: Sequence[models.Model], querysets: Any = None
    ) -> tuple[Any, ...]:
        manager = get_relation_model()._default_manager
        relations = manager.db_manager(hints={"instance": instances[0]}).all()
        covers = covers_about(instances, relations)
        key = partial(target_of, using=covers.db)
        return covers, target_in, key, True, self.field.name, False


def _joined_by(join: type[GenericRel], step: PathInfo, field: ImagesField) -> PathInfo:
    rel: Any = field.remote_field
    if step.join_field not in (field, rel):
        return step  # between a relation model and its parents
    new: Any = join(field, rel.model, related_query_name=rel.related_query_name)
    return step._replace(join_field=new)


def images_field_of(model: type[models.Model]) -> ImagesField | None:
    """The field that makes a model attachable, whatever its name; None where there is none."""
    return next(iter(images_fields_of(model)), None)


def images_fields_of(model: type[models.Model]) -> list[ImagesField]:
    """All of them: there are several only by mistake."""
    return [one for one in model._meta.private_fields if isinstance(one, ImagesField)]


def field_of_attachable(model: type[models.Model]) -> ImagesField:
    """The field that makes a model attachable. Raises ``TypeError`` if there is none."""
    field = images_field_of(model)
    if field is None:
        raise TypeError(
            f"{model._meta.label} is not attachable: it has no ImagesField, does not inherit "
            "ImageAttachable and was not registered."
        )
    return field


def is_images(value: object) -> bool:
    """Whether an attribute of a class is what an ``ImagesField`` has put there."""
    return isinstance(value, _ImagesDescriptor)


def is_inherited(field: GenericRelation) -> bool:
    """Whether it is the copy that a child has by multi-table inheritance.

    The child's rows in the relation's table are its parent's, under another content type.
    """
    return bool(field.mti_inherited)


def add_images(model: type[models.Model], to: type[models.Model], *, name: str) -> None:
    """Give an ``ImagesField`` to a model that has been made already, and to those that inherit it.

    Raises ``ImproperlyConfigured`` if one of them has one, or something else of that name.
    """
    known = model._meta.apps.get_models()
    children = [one for one in known if issubclass(one, model) and one is not model]
    for one in (model, *children):
        if field := images_field_of(one):
            raise ImproperlyConfigured(
                f"{one._meta.label} is already attachable: its images are called {field.name!r}."
            )
        names = {field.name for field in one._meta.get_fields()}
        if hasattr(one, name) or name in names:
            raise ImproperlyConfigured(
                f"{one._meta.label} already has something called {name!r}. Choose another name for "
                f'its images: register_attachable({model.__name__}, name="attached_images").'
            )
    for one in (model, *children):
        field = ImagesField(to)
        field.mti_inherited = one is not model  # as in a class that is made later
        field.contribute_to_class(one, name)


def _equal(field: Any, alias: str, value: Expression) -> Any:
    return field.get_lookup("exact")(field.get_col(alias), value)
