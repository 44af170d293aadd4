"""Writing the relations of one object: under a lock, and again after a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import models, router, transaction
from django.db.models import Q

from django_polyimages.accessors import get_image_model
from django_polyimages.conf import get_settings
from django_polyimages.errors import OrganizationMismatch, TooManyImages
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.joins import prefetch
from django_polyimages.models.joins.deleting import LockedRelations, RelationsToDelete
from django_polyimages.models.joins.locking import lock_by_key
from django_polyimages.models.joins.metadata import locks_rows

if TYPE_CHECKING:
    from django.contrib.contenttypes.models import ContentType
    from typing_extensions import TypeVar as TypeVarWithDefault

    from django_polyimages.models.images import AbstractImage
    from django_polyimages.models.relations import AbstractImageRelation, PolymorphicImageRelation

    RelationT = TypeVarWithDefault(
        "RelationT",
        bound=AbstractImageRelation,
        covariant=True,
        default=PolymorphicImageRelation,
    )
else:
    RelationT = TypeVar("RelationT")
_Result = TypeVar("_Result")

_KEYS = frozenset(["image", "content_type", "object_id"])
MOVED_AT_ONCE = 100
"""Rows that one UPDATE moves. It has a branch for each: with 20,000 of them, PostgreSQL compiles it
for 40 seconds, and cannot be interrupted.
"""


class RelationRows(models.Manager[RelationT]):
    """What the verbs of ``ImageRelationManager`` do in the database."""

    if TYPE_CHECKING:
        instance: models.Model  # this and the next: from models.joins.related_manager
        content_type: ContentType

        def __get__(self, instance: object, cls: Any = None) -> Self: ...  # not of classes only

    def _change(self, work: Callable[[Self], _Result], *, image_ids: Sequence[Any] = ()) -> _Result:
        """Do ``work`` on the manager for the database that is written, with the object and these
        images locked. After a deadlock it runs again, so it must not consume an iterator.
        """
        self._require_saved()
        prefetch.forget_loaded(self)
        using = router.db_for_write(self.model, instance=self.instance)
        on_rows = partial(work, self.db_manager(using))
        once = partial(do_locked, on_rows, self.instance, image_ids, using=using)
        return again_after_deadlock(once, using=using)

    def _require_saved(self) -> None:
        """Raise ``ValueError`` for an object without a row. Its key may be set already."""
        obj: Any = self.instance
        using = router.db_for_write(self.model, instance=obj)
        rows = type(obj)._base_manager.using(using).filter(pk=obj.pk)
        if obj.pk is None or (obj._state.adding and not rows.exists()):
            raise ValueError(f"Save the {obj._meta.object_name} before its images are changed.")

    def _require_options(self, options: Mapping[str, object]) -> None:
        """Raise ``TypeError`` for what is no column that a host may set, before any work."""
        fields: list[Any] = [one for one in self.model._meta.get_fields() if one.concrete]
        own = [one for one in fields if not one.many_to_many and not one.primary_key]
        known = {one.name for one in own} - _KEYS
        for name in options:
            if name not in known | {one.attname for one in own if one.name in known}:
                hint = f" Did you mean custom_{name}?" if f"custom_{name}" in known else ""
                raise TypeError(
                    f"{name!r} is not an option of a relation: "
                    f"choose from {', '.join(sorted(known))}.{hint}"
                )

    def _require_room(self, new: int) -> None:
        """Raise ``TooManyImages`` if the object may not get that many new images."""
        limit = get_settings().max_images_per_object
        if new > 0 and self.count() + new > limit:
            raise TooManyImages(limit)

    def _create_all(self, image_ids: Iterable[Any], orders: Mapping[Any, int]) -> None:
        """Insert relations to these images, with their orders if given."""
        new = partial(self.model, **self._target)
        self.all().bulk_create([new(image_id=pk, order=orders.get(pk)) for pk in image_ids])

    @property
    def _target(self) -> dict[str, Any]:
        """The columns that say which object a relation belongs to."""
        return {"content_type": self.content_type, "object_id": str(self.instance.pk)}

    @property
    def _rows(self) -> models.QuerySet[RelationT]:
        """All relations, to be written by key: see ``models.joins.locking``."""
        return self.model._base_manager.using(self.db)

    def _locked(self, relations: models.QuerySet[RelationT]) -> dict[Any, RelationT]:
        """Lock some of the object's relations, so that deleting an image waits for the commit.
        Returns them by image, in display order.
        """
        found = list(relations)
        if found and locks_rows(self.db):
            there = lock_by_key(self._rows, [one.pk for one in found])
            found = [one for one in found if one.pk in there]
        return {one.image_id: one for one in found}

    def _placed(self) -> dict[Any, RelationT]:
        """The object's relations by image, in display order, without their texts."""
        return self._locked(self.only("image", "order"))

    def _found(self, image: AbstractImage, options: Mapping[str, object]) -> dict[Any, RelationT]:
        """The relation to ``image``, and the current cover if there will be a new one."""
        wanted = Q(image=image.pk)
        if options.get("is_cover"):
            wanted |= Q(is_cover=True)
        return self._locked(self.filter(wanted))

    def _update(
        self, found: dict[Any, RelationT], image: AbstractImage, options: Mapping[str, object]
    ) -> RelationT:
        relation = found.pop(image.pk)
        self._uncover(found)
        for name, value in options.items():
            setattr(relation, name, value)
        if options:
            relation.save(update_fields=list(options))
        return relation

    def _uncover(self, others: dict[Any, RelationT]) -> None:
        if others:
            self._rows.filter(pk__in=[one.pk for one in others.values()]).update(is_cover=False)

    def _move(self, relations: dict[Any, RelationT], places: Mapping[Any, int]) -> None:
        moved = [one for pk, one in relations.items() if one.order != places[pk]]
        for relation in moved:
            relation.order = places[relation.image_id]
        self._rows.bulk_update(moved, ["order"], batch_size=MOVED_AT_ONCE)

    def _delete(self, relations: models.QuerySet[RelationT]) -> None:
        RelationsToDelete(self.model, relations.query, self.db).delete()

    def _delete_locked(self, relations: Iterable[RelationT]) -> None:
        rows = self._rows.filter(pk__in=[one.pk for one in relations])
        LockedRelations(self.model, rows.query, self.db).delete()


def by_key(images: Iterable[AbstractImage]) -> dict[Any, AbstractImage]:
    """The images by primary key, in this order.

    Raises ``TypeError`` for anything else: the key of a relation would stand for another image.
    """
    found = {}
    for image in images:
        if not isinstance(image, get_image_model()):
            hint = " Pass its image." if hasattr(image, "image_id") else ""
            raise TypeError(f"{type(image).__name__} is not an image.{hint}")
        found[image.pk] = image
    return found


def do_locked(
    work: Callable[[], _Result], obj: models.Model, image_ids: Sequence[Any], *, using: str
) -> _Result:
    """Do ``work`` in a transaction in which nobody else changes the images of ``obj``, or deletes
    it or one of the images.

    Raises the ``DoesNotExist`` of a model whose row has been deleted already, and what ``work``
    raises, which checks the images before it writes. The object is locked before the images: see
    ``models.joins.locking``.
    """
    refused: Exception | None
    # As in Model.save(), a database error also breaks the caller's transaction.
    with transaction.atomic(using=using, savepoint=False):
        refused = _lock_object(obj, using) or _lock_images(image_ids, using)
        if refused is None:
            try:
                return work()
            except (TooManyImages, OrganizationMismatch) as error:
                refused = error
    raise refused  # outside of the block: it does not end the caller's transaction


def _lock_images(image_ids: Sequence[Any], using: str) -> ObjectDoesNotExist | None:
    if not image_ids:
        return None
    model = get_image_model()
    there = lock_by_key(model._base_manager.using(using), image_ids, no_key=True)
    gone = [str(pk) for pk in dict.fromkeys(image_ids) if pk not in there]
    if not gone:
        return None
    return model.DoesNotExist(f"Deleted, or never saved: {model._meta.label} {', '.join(gone)}.")


def _lock_object(obj: models.Model, using: str) -> ObjectDoesNotExist | None:
    host: Any = type(obj)
    if lock_by_key(host._base_manager.using(using), [obj.pk], no_key=True):
        return None
    gone = host.DoesNotExist(f"This {host._meta.object_name} has been deleted.")
    return cast("ObjectDoesNotExist", gone)
