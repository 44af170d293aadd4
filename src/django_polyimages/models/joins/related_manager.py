"""The manager behind ``contact.images``: Django's, which writes by the verbs only.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``create_generic_related_manager()``;
``__call__()``, ``_remove_prefetched_objects()`` and what ``__init__()`` sets of what it returns, as
``instance``, ``content_type``, ``content_type_field_name``, ``object_id_field_name``,
``prefetch_cache_name`` and ``core_filters``; ``is_cached()`` and ``delete_cached_value()`` of a
relation's field.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.contenttypes.fields import create_generic_related_manager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils.functional import cached_property

from django_polyimages.models.joins.object_ids import ContentTypeKey


def manager_of_one(superclass: type[models.Manager[Any]], rel: ForeignObjectRel) -> type[Any]:
    """The class of ``contact.images``, where ``superclass`` is that of the relation's manager."""
    field: Any = rel.field
    base: Any = create_generic_related_manager(superclass, rel)

    class ImagesOfOne(_WritingByVerbs, base):  # type: ignore[misc]
        def __init__(self, instance: models.Model) -> None:
            """Like Django's, but for the query for the content type, which is made when it is
            needed: asynchronous code may read ``contact.images``, but must not make queries.
            """
            super(base, self).__init__()
            self.instance = instance
            self.model = rel.model
            self.content_type_field_name = field.content_type_field_name
            self.object_id_field_name = field.object_id_field_name
            self.prefetch_cache_name = field.attname
            self.pk_val = instance.pk
            self.core_filters = {
                self.content_type_field_name: ContentTypeKey(type(instance)),
                self.object_id_field_name: self.pk_val,
            }

        def get_content_type(self, model: models.Model | type[models.Model]) -> ContentType:
            types = ContentType.objects.db_manager(self.instance._state.db)
            return types.get_for_model(model)

        @cached_property
        def content_type(self) -> ContentType:
            return self.get_content_type(self.instance)

        def __call__(self, *, manager: str) -> Any:
            named = getattr(self.model, manager)
            return manager_of_one(type(named), rel)(self.instance)

        do_not_call_in_templates = True

        def _remove_prefetched_objects(self) -> None:
            super()._remove_prefetched_objects()
            if field.is_cached(self.instance):
                field.delete_cached_value(self.instance)

    return ImagesOfOne


def _refused(name: str, verb: str) -> Any:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        images = self.prefetch_cache_name
        verbs = verb.format(images=images)
        raise TypeError(f"{images}.{name}() is not supported: use {verbs}.")

    refuse.__name__ = name
    refuse.alters_data = True  # type: ignore[attr-defined]
    return refuse


class _WritingByVerbs:
    """In place of Django's ways to write, which take no lock and know nothing of covers.

    The asynchronous ones of Django call these, but for ``abulk_create()``.
    """

    add = _refused("add", "{images}.attach(image) or {images}.attach_many(images)")
    set = _refused("set", "{images}.sync(images)")
    create = _refused("create", "{images}.attach(image)")
    get_or_create = _refused("get_or_create", "{images}.attach_or_update(image)")
    update_or_create = _refused("update_or_create", "{images}.attach_or_update(image)")
    bulk_create = _refused("bulk_create", "{images}.attach_many(images)")
    abulk_create = _refused("abulk_create", "{images}.attach_many(images)")

    def remove(self: Any, *relations: models.Model, bulk: bool = True) -> None:
        """Delete these relations, as ``detach()`` does; those of other objects stay.

        ``bulk`` is Django's and makes no difference.
        """
        if strangers := [one for one in relations if not isinstance(one, self.model)]:
            name = f"{self.prefetch_cache_name}.remove()"
            raise TypeError(f"{name} takes relations, not {strangers[0]!r}: see detach().")
        keys = [one.pk for one in relations]
        self._change(lambda images: images._delete(images.filter(pk__in=keys)))

    def clear(self: Any, *, bulk: bool = True) -> None:
        """Delete all relations of the object, as ``detach()`` does."""
        self._change(lambda images: images._delete(images.all()))

    remove.alters_data = True  # type: ignore[attr-defined]
    clear.alters_data = True  # type: ignore[attr-defined]
