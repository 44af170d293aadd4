"""Deleting objects and images in the order of locks, which Django's ``delete()`` knows nothing of.

Django deletes the relations of an object first and the object last. So the objects are locked when
Django announces that it begins, before any image, and relations that were inserted without a lock
are deleted when the objects are gone.

Read in Django 5.2, 6.0 and 6.1, and not documented there: ``Collector`` with ``collect()``,
``delete()`` and ``related_objects()``, and that it deletes by ``_raw_delete()`` of a queryset what
no signal and no other row depends on; ``_result_cache`` of a queryset.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any
from weakref import WeakSet

from django.db import models
from django.db.models.deletion import Collector
from django.db.models.signals import post_delete, pre_delete

from django_polyimages.accessors import get_relation_model
from django_polyimages.models.joins.locking import is_one_by_one, lock_by_key, lock_relations
from django_polyimages.models.joins.metadata import locks_rows

_DELETION = "_deletion_with_images"


class RelationsToDelete(models.QuerySet[Any]):
    """Relations that are locked and deleted by key, once."""

    def _raw_delete(self, using: str | None) -> int:
        using = using or self.db
        if not locks_rows(using):
            return super()._raw_delete(using) or 0
        keys = self.locked_keys(using)
        if not keys:
            return 0
        rows: Any = models.QuerySet(self.model, using=using)
        if is_one_by_one(keys, using):
            return sum(rows.filter(pk=key)._raw_delete(using) for key in sorted(keys))
        return rows.filter(pk__in=keys)._raw_delete(using) or 0

    def locked_keys(self, using: str) -> Collection[Any]:
        return lock_relations(self.using(using))


class LockedRelations(RelationsToDelete):
    """Relations that are locked already. MySQL and MariaDB may again read all of a small table to
    lock them, and then meet rows that come before.
    """

    def locked_keys(self, using: str) -> Collection[Any]:
        return list(self.using(using).order_by().values_list("pk", flat=True))


class _Collector(Collector):
    """Finds what is deleted with images."""

    def related_objects(self, related_model: Any, related_fields: Any, objs: Any) -> Any:
        found: Any = super().related_objects(related_model, related_fields, objs)
        if related_model is not get_relation_model():
            return found
        return RelationsToDelete(found.model, found.query, self.using)


def delete_images(
    images: Any, *, using: str, origin: Any, keep_parents: bool = False
) -> tuple[int, dict[str, int]]:
    """What Django's ``delete()`` of an image or a queryset does."""
    collector = _Collector(using=using, origin=origin)
    collector.collect(images, keep_parents=keep_parents)
    return collector.delete()


class _Deletion:
    """Objects of one model that are going to be deleted together."""

    def __init__(self, objects: Sequence[models.Model], relations: models.QuerySet[Any]) -> None:
        self.model = type(objects[0])
        self.keys = [one.pk for one in objects]
        self.relations = relations

    @property
    def using(self) -> str:
        return self.relations.db

    def lock(self) -> None:
        lock_by_key(self.model._base_manager.using(self.using), self.keys)


class _Announced(threading.local):
    """What this thread has collected and not locked yet, for as long as anybody holds its objects:
    the admin also collects what it only shows.
    """

    def __init__(self) -> None:
        self.deletions: WeakSet[_Deletion] = WeakSet()


_announced = _Announced()


def announce(objects: Sequence[models.Model], relations: models.QuerySet[Any]) -> None:
    """Remember that Django has collected ``objects``, with these relations."""
    if objects:
        deletion = _Deletion(objects, relations)
        for one in objects:
            setattr(one, _DELETION, deletion)
        _announced.deletions.add(deletion)


def forget_announced(**kwargs: Any) -> None:
    """What was collected for an earlier request is not deleted any more, even if its objects have
    not been freed yet.
    """
    _announced.deletions.clear()


def lock_announced(using: str) -> None:
    """Lock the objects that this thread deletes, before their images and relations."""
    mine = [one for one in _announced.deletions if one.using == using]
    for deletion in sorted(mine, key=lambda one: (one.model._meta.label, min(map(str, one.keys)))):
        _announced.deletions.discard(deletion)
        if locks_rows(using):
            deletion.lock()


def lock_deletions_of(model: type[models.Model]) -> None:
    """Lock objects of ``model`` before their relations are deleted, and look for more after it."""
    uid = "django_polyimages.deleting"
    pre_delete.connect(_lock, sender=model, dispatch_uid=uid)
    post_delete.connect(_sweep, sender=model, dispatch_uid=uid)


def _lock(*, sender: type[models.Model], instance: models.Model, using: str, **kwargs: Any) -> None:
    lock_announced(using)
    if not hasattr(instance, _DELETION) and locks_rows(using):
        # The parent of a child in another table: Django does not ask for its relations.
        lock_by_key(sender._base_manager.using(using), [instance.pk])


def _sweep(*, instance: models.Model, **kwargs: Any) -> None:
    deletion: _Deletion | None = vars(instance).pop(_DELETION, None)
    if deletion is not None and deletion.keys:
        deletion.keys = []  # once for all objects
        # Where signals are sent for relations, Django has loaded some, and may not have deleted
        # them yet.
        loaded = [one.pk for one in deletion.relations._result_cache or ()]
        deletion.relations.exclude(pk__in=loaded).delete()
