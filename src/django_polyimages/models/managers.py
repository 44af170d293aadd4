"""The verbs of an attachable: what can be done with the images of one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, cast

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, router, transaction
from django.db.models import F, Q

from django_polyimages.errors import NotAttached

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage
    from django_polyimages.models.relations import AbstractImageRelation, PolymorphicImageRelation

_T = TypeVar("_T")
_Found = dict[Any, "PolymorphicImageRelation"]


class RelationOptions(TypedDict, total=False):
    """What one attachment can say for itself."""

    is_cover: bool
    order: int | None
    custom_title: str
    custom_alt_text: str
    custom_description: str


class ImageRelationManager(models.Manager["PolymorphicImageRelation"]):
    """The verbs of ``contact.images``.

    They work on the manager of one object only, which is what ``contact.images`` is.
    """

    if TYPE_CHECKING:  # what Django adds behind a GenericRelation
        instance: models.Model
        content_type: ContentType
        prefetch_cache_name: str

        def _remove_prefetched_objects(self) -> None: ...

    def attach(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> AbstractImageRelation:
        """Attach ``image`` and return its relation; attached already, its relation is updated.

        An option that is not given stays as it was. Raises ``NotAttached`` where the image has been
        deleted meanwhile.
        """
        return self.attach_or_update(image, **options)[0]

    def attach_or_update(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> tuple[AbstractImageRelation, bool]:
        """As ``attach``, and whether the relation is new."""
        return self._twice(lambda: self._attach(image, options), [image])

    def attach_many(self, images: Sequence[AbstractImage]) -> list[AbstractImage]:
        """Attach all of them, after those that are attached; returns the ones that were not.

        A constant number of queries. Raises ``NotAttached``, and attaches nothing, where one has
        been deleted meanwhile.
        """
        return self._twice(lambda: self._attach_many(images), images)

    def update_relation(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> AbstractImageRelation:
        """Change the relation to ``image``. Raises ``NotAttached`` where there is none."""
        with self._changing(lock=bool(options.get("is_cover"))):
            return self._update(self._found(image, options), image, options)

    def detach(self, image: AbstractImage) -> bool:
        """Remove the relation to ``image``, which itself stays. False where there was none."""
        return bool(self.detach_many([image.pk]))

    def detach_many(self, image_ids: Iterable[Any]) -> list[Any]:
        """Remove the relations to these images; returns the ids of those that were attached."""
        with self._changing(lock=False):
            relations = self.filter(image__in=list(image_ids)).select_for_update()
            found = dict(relations.values_list("pk", "image_id"))
            self.filter(pk__in=found).delete()
            return list(found.values())

    def set_cover(self, image: AbstractImage) -> AbstractImageRelation:
        """Make ``image`` the only cover; attaches it if it is not."""
        return self.attach(image, is_cover=True)

    def cover(self) -> AbstractImageRelation | None:
        """The relation of the cover, else the first in display order, else None.

        No query where the images were prefetched.
        """
        if self._is_prefetched():
            relations = list(self.all())
            return next((one for one in relations if one.is_cover), next(iter(relations), None))
        return (
            self.select_related("image")
            .order_by(F("is_cover").desc(), *(self.model._meta.ordering or ()))
            .first()
        )

    def reorder(self, images: Iterable[AbstractImage]) -> None:
        """Show ``images`` in this order; those left out follow in the order they had.

        Raises ``NotAttached`` for an image that is not attached, and changes nothing then.
        """
        with self._changing(lock=True):
            relations = {relation.image_id: relation for relation in self.all()}
            wanted = list(dict.fromkeys(image.pk for image in images))
            if missing := [pk for pk in wanted if pk not in relations]:
                raise NotAttached(missing)
            rest = [pk for pk in relations if pk not in set(wanted)]
            for order, pk in enumerate([*wanted, *rest]):
                relations[pk].order = order
            self.bulk_update(relations.values(), ["order"])

    def _twice(self, attach: Callable[[], _T], images: Sequence[AbstractImage]) -> _T:
        """Once more after a clash: somebody attached an image between our look and our insert."""
        try:
            return attach()
        except IntegrityError:
            try:
                return attach()
            except IntegrityError as error:  # not attached by now either: it is gone
                raise NotAttached([image.pk for image in images]) from error

    @contextmanager
    def _changing(self, *, lock: bool) -> Iterator[None]:
        """A transaction; with ``lock`` only one at a time may change this object's images."""
        self._remove_prefetched_objects()
        using = router.db_for_write(self.model, instance=self.instance)
        with transaction.atomic(using=using):
            if lock:
                hosts = type(self.instance)._base_manager.using(using).select_for_update()
                hosts.values("pk").get(pk=self.instance.pk)
            yield

    def _attach(
        self, image: AbstractImage, options: RelationOptions
    ) -> tuple[AbstractImageRelation, bool]:
        with self._changing(lock=bool(options.get("is_cover"))):
            found = self._found(image, options)
            if image.pk in found:
                return self._update(found, image, options), False
            self._uncover(found)
            return self.create(image=image, **options), True  # type: ignore[misc]

    def _attach_many(self, images: Sequence[AbstractImage]) -> list[AbstractImage]:
        with self._changing(lock=True):
            ids = [image.pk for image in images]
            known = set(self.filter(image__in=ids).values_list("image_id", flat=True))
            new = [image for image in images if image.pk not in known]
            target = {"content_type": self.content_type, "object_id": str(self.instance.pk)}
            self.bulk_create([self.model(image_id=image.pk, **target) for image in new])
            return new

    def _found(self, image: AbstractImage, options: RelationOptions) -> _Found:
        """The relation to ``image``; with it the cover, if there is to be a new one."""
        wanted = Q(image=image.pk)
        if options.get("is_cover"):
            wanted |= Q(is_cover=True)
        return {relation.image_id: relation for relation in self.filter(wanted)}

    def _update(
        self, found: _Found, image: AbstractImage, options: RelationOptions
    ) -> AbstractImageRelation:
        relation = found.pop(image.pk, None)
        if relation is None:
            raise NotAttached([image.pk])
        self._uncover(found)
        for name, value in options.items():
            setattr(relation, name, value)
        if options:
            relation.save(update_fields=list(options))
        return relation

    def _uncover(self, others: _Found) -> None:
        if others:
            self.filter(image__in=others).update(is_cover=False)

    def _is_prefetched(self) -> bool:
        cache = getattr(self.instance, "_prefetched_objects_cache", {})
        return self.prefetch_cache_name in cache


def relations_of(obj: models.Model) -> ImageRelationManager:
    """The verbs for ``obj``, as ``obj.images``, for code that does not know its class."""
    return cast("ImageRelationManager", obj.images)  # type: ignore[attr-defined]
