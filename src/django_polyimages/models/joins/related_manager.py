"""The manager behind ``contact.images``: Django's, which writes by the verbs only.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``create_generic_related_manager()``;
``instance``, ``content_type``, ``prefetch_cache_name``, ``__call__()`` and
``_remove_prefetched_objects()`` of what it returns; ``is_cached()`` and ``delete_cached_value()``
of a relation's field.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.contenttypes.fields import create_generic_related_manager
from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel


def manager_of_one(superclass: type[models.Manager[Any]], rel: ForeignObjectRel) -> type[Any]:
    """The class of ``contact.images``, where ``superclass`` is that of the relation's manager."""
    base: Any = create_generic_related_manager(superclass, rel)

    class ImagesOfOne(_WritingByVerbs, base):  # type: ignore[misc]
        def __call__(self, *, manager: str) -> Any:
            named = getattr(self.model, manager)
            return manager_of_one(type(named), rel)(self.instance)

        do_not_call_in_templates = True

        def _remove_prefetched_objects(self) -> None:
            super()._remove_prefetched_objects()
            if rel.field.is_cached(self.instance):
                rel.field.delete_cached_value(self.instance)

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
        """Delete these relations, as ``detach()`` does; those of other objects stay."""
        if strangers := [one for one in relations if not isinstance(one, self.model)]:
            name = f"{self.prefetch_cache_name}.remove()"
            raise TypeError(f"{name} takes relations, not {strangers[0]!r}: see detach().")
        remove = super().remove  # type: ignore[misc]
        self._change(lambda _images: remove(*relations, bulk=bulk))

    def clear(self: Any, *, bulk: bool = True) -> None:
        """Delete all relations of the object, as ``detach()`` does."""
        clear = super().clear  # type: ignore[misc]
        self._change(lambda _images: clear(bulk=bulk))

    remove.alters_data = True  # type: ignore[attr-defined]
    clear.alters_data = True  # type: ignore[attr-defined]
