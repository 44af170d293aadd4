"""The manager ``contact.images``: attaches, arranges and detaches the images of one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from django.db import DEFAULT_DB_ALIAS, connections, models, router, transaction

from django_polyimages.accessors import get_image_model
from django_polyimages.errors import NotAttached
from django_polyimages.models.joins import prefetch
from django_polyimages.models.organizations import organization_of
from django_polyimages.models.relation_rows import RelationRows, RelationT
from django_polyimages.pipeline.sources import Source

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from django_polyimages.models.images import AbstractImage


class RelationOptions(TypedDict, total=False):
    """The options of one attachment."""

    is_cover: bool
    order: int | None
    custom_title: str
    custom_alt_text: str
    custom_description: str


@dataclass(frozen=True, slots=True)
class Synced:
    """The primary keys of the images that ``images.sync()`` has attached and detached."""

    attached: tuple[Any, ...]
    detached: tuple[Any, ...]


class ImageRelationManager(RelationRows[RelationT]):
    """The methods of ``contact.images``, for the images of one object.

    They return relations of the model in use, for type checkers ``RelationT``. A method that writes
    waits for other changes to the same object, and is retried after a deadlock. Django's own
    ``remove()`` and ``clear()`` detach; ``add()``, ``set()``, ``create()`` and the like raise
    ``TypeError``, which names the method to use instead.
    """

    def attach(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        **options: Unpack[RelationOptions],
    ) -> RelationT:
        """Attach ``image``, or update its relation if it is attached already.

        An option that is not given stays as it was. A file is uploaded first, by ``creator`` and
        for the organization of the object. If attaching fails then, the new image is deleted.
        Raises what ``Image.objects.upload()`` and ``organization_of()`` raise for a file,
        ``Image.DoesNotExist`` for an image that has been deleted, and ``TooManyImages`` if the
        object has ``MAX_IMAGES_PER_OBJECT`` images already.
        """
        return self.attach_or_update(image, creator=creator, **options)[0]

    def attach_or_update(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        **options: Unpack[RelationOptions],
    ) -> tuple[RelationT, bool]:
        """Like ``attach``, but also returns whether the relation is new."""
        self._require_saved()
        if not isinstance(
            image, models.Model
        ):  # before locking the object, because storages are slow
            prefetch.forget_loaded(self)
            self._require_room(1)
            with _uploaded_for(self.instance, image, creator) as uploaded:
                return self._attach(uploaded, options)
        return self._attach(image, options)

    def attach_many(self, images: Sequence[AbstractImage]) -> list[AbstractImage]:
        """Attach the images, after those that are attached already.

        Returns the images that were not attached before. Makes a constant number of queries.
        Raises ``TooManyImages``, and attaches none, if there would be too many.
        """
        by_id = {image.pk: image for image in images}

        def attach(relations: Self) -> list[AbstractImage]:
            rows = relations._locked().filter(image__in=by_id)
            known = set(rows.values_list("image_id", flat=True))
            new = [pk for pk in by_id if pk not in known]
            relations._require_room(len(new))
            relations._create_all(new, orders={})
            return [by_id[pk] for pk in new]

        return self._change(attach, image_ids=list(by_id))

    def update_relation(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> RelationT:
        """Change the relation to ``image``. Raises ``NotAttached`` if there is none."""

        def update(images: Self) -> RelationT | None:
            found = images._found(image, options)
            return images._update(found, image, options) if image.pk in found else None

        relation = self._change(update)
        if relation is None:
            raise NotAttached([image.pk])
        return relation

    def detach(self, image: AbstractImage) -> bool:
        """Delete the relation to ``image`` but not the image. False if there was none."""
        return bool(self.detach_many([image.pk]))

    def detach_many(self, image_ids: Iterable[Any]) -> list[Any]:
        """Delete the relations to these images; returns the ids of those that were attached."""
        ids = list(image_ids)

        def detach(images: Self) -> list[Any]:
            relations = images._locked().filter(image__in=ids)
            found = dict(relations.values_list("pk", "image_id"))
            images.filter(pk__in=found).delete()
            return list(found.values())

        return self._change(detach)

    def sync(self, images: Iterable[AbstractImage]) -> Synced:
        """Attach exactly these images, in this order, and detach all others.

        Remaining relations keep their texts and the cover. Raises ``TooManyImages``, without
        changing anything, if new ones would make it too many.
        """
        wanted = list(dict.fromkeys(image.pk for image in images))
        places = {pk: place for place, pk in enumerate(wanted)}

        def sync(relations: Self) -> Synced:
            there = relations._placed()
            gone = [pk for pk in there if pk not in places]
            new = [pk for pk in wanted if pk not in there]
            relations._require_room(len(new) - len(gone))
            if gone:
                relations.filter(pk__in=[there.pop(pk).pk for pk in gone]).delete()
            relations._move(there, places)
            relations._create_all(new, places)
            return Synced(tuple(new), tuple(gone))

        return self._change(sync, image_ids=wanted)

    def set_cover(
        self, image: AbstractImage | Source, *, creator: AbstractBaseUser | None = None
    ) -> RelationT:
        """Make ``image`` the only cover. Attaches it if necessary; it may be a file."""
        return self.attach(image, creator=creator, is_cover=True)

    def cover(self) -> RelationT | None:
        """The relation of the cover, else the first one in display order, else None.

        Makes no query if all images, or only the covers, were prefetched.
        """
        if prefetch.is_cover_loaded(self):
            return cast("RelationT | None", prefetch.loaded_cover(self))
        if prefetch.are_images_loaded(self):
            relations = list(self.all())
            return next((one for one in relations if one.is_cover), next(iter(relations), None))
        return self.select_related("image").order_by(*prefetch.cover_first(self.model)).first()

    def reorder(self, images: Iterable[AbstractImage], *, start: int | None = 0) -> None:
        """Put ``images`` in this order; those left out follow in their current order.

        With ``start``, that many of those left out come first: with 50, the second page of 50
        images is arranged and the first one stays. None stands for those before the first of
        ``images`` now. Only rows that move are written. Raises ``NotAttached`` for an image that is
        not attached, without changing anything, and ``ValueError`` for a negative ``start``.
        """
        if start is not None and start < 0:
            raise ValueError(f"start is {start}, it must not be negative.")
        wanted = list(dict.fromkeys(image.pk for image in images))

        def reorder(attached: Self) -> list[Any]:
            there = attached._placed()
            missing = [pk for pk in wanted if pk not in there]
            if not missing:
                arranged = set(wanted)
                others = [pk for pk in there if pk not in arranged]
                before = len(list(takewhile(lambda pk: pk not in arranged, there)))
                place = before if start is None else start
                order = [*others[:place], *wanted, *others[place:]]
                attached._move(there, {pk: place for place, pk in enumerate(order)})
            return missing

        if missing := self._change(reorder):
            raise NotAttached(missing)

    def _attach(self, image: AbstractImage, options: RelationOptions) -> tuple[RelationT, bool]:
        def attach(images: Self) -> tuple[RelationT, bool]:
            found = images._found(image, options)
            if image.pk in found:
                return images._update(found, image, options), False
            images._require_room(1)
            images._uncover(found)
            return images.all().create(image=image, **images._target, **options), True

        return self._change(attach, image_ids=[image.pk])


def relations_of(obj: models.Model) -> ImageRelationManager[Any]:
    """``obj.images`` with its type, for code that works with any model."""
    return cast("ImageRelationManager[Any]", obj.images)  # type: ignore[attr-defined]


@contextmanager
def _uploaded_for(
    obj: models.Model, file: Source, creator: AbstractBaseUser | None
) -> Iterator[AbstractImage]:
    """A new image for the organization of ``obj``, which is deleted if the block fails."""
    organization = organization_of(obj)
    model = get_image_model()
    images = model.objects.db_manager(router.db_for_write(model, instance=obj))
    image = images.upload(file, organization=organization, creator=creator)
    with ExitStack() as undo:
        undo.callback(_discard, image)
        yield image
        undo.pop_all()


def _discard(image: AbstractImage) -> None:
    using = image._state.db or DEFAULT_DB_ALIAS
    if connections[using].in_atomic_block and transaction.get_rollback(using):
        return  # the caller's transaction is broken, so its rollback removes the upload
    image.delete()
