"""The verbs of ``contact.images``: attach, arrange and detach the images of one object."""

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
from django_polyimages.models.organizations import organization_of, require_owner
from django_polyimages.models.relation_rows import RelationRows, RelationT, by_key
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


class RelationVerbs(RelationRows[RelationT]):
    """The methods of ``ImageRelationManager``, which adds their asynchronous twins."""

    def attach(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
        **options: Unpack[RelationOptions],
    ) -> RelationT:
        """Attach ``image``, or update its relation if it is attached already.

        An option that is not given stays as it was. A file is uploaded first, by ``creator`` and
        for the organization of the object. If attaching fails then, the new image is deleted.
        Raises what ``Image.objects.upload()`` and ``organization_of()`` raise for a file,
        ``Image.DoesNotExist`` for an image that has been deleted, ``TooManyImages`` if the object
        has ``MAX_IMAGES_PER_OBJECT`` images already, ``OrganizationMismatch`` for an image of
        another organization, unless ``allow_foreign``, and ``ValueError`` for an unsaved object.
        """
        return self.attach_or_update(
            image, creator=creator, allow_foreign=allow_foreign, **options
        )[0]

    def attach_or_update(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
        **options: Unpack[RelationOptions],
    ) -> tuple[RelationT, bool]:
        """Like ``attach``, but also returns whether the relation is new."""
        self._require_saved()
        self._require_options(options)
        if not isinstance(image, models.Model):  # before the lock, because storages are slow
            prefetch.forget_loaded(self)
            self._require_room(1)
            with _uploaded_for(self.instance, image, creator) as uploaded:
                return self._attach(uploaded, options, allow_foreign=True)
        return self._attach(image, options, allow_foreign=allow_foreign)

    def attach_many(
        self, images: Sequence[AbstractImage], *, allow_foreign: bool = False
    ) -> list[AbstractImage]:
        """Attach the images, after those that are attached already.

        Returns the images that were not attached before. Makes a constant number of queries.
        Raises ``TooManyImages`` or ``OrganizationMismatch`` like ``attach()``, and attaches none.
        """
        by_id = by_key(images)

        def attach(relations: Self) -> list[AbstractImage]:
            rows = relations.filter(image__in=by_id)  # which stay, as the images are locked
            known = set(rows.values_list("image_id", flat=True))
            new = [pk for pk in by_id if pk not in known]
            attached = [by_id[pk] for pk in new]
            relations._require_room(len(new))
            if not allow_foreign:
                require_owner(relations.instance, attached)
            relations._create_all(new, orders={})
            return attached

        return self._change(attach, image_ids=list(by_id))

    def update_relation(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> RelationT:
        """Change the relation to ``image``. Raises ``NotAttached`` if there is none."""
        self._require_options(options)
        by_key([image])

        def update(images: Self) -> RelationT | None:
            found = images._found(image, options)
            return images._update(found, image, options) if image.pk in found else None

        relation = self._change(update)
        if relation is None:
            raise NotAttached([image.pk])
        return relation

    def detach(self, image: AbstractImage) -> bool:
        """Delete the relation to ``image`` but not the image. False if there was none."""
        return bool(self.detach_many(by_key([image])))

    def detach_many(self, image_ids: Iterable[Any]) -> list[Any]:
        """Delete the relations to these images; returns the ids of those that were attached."""
        ids = list(image_ids)

        def detach(images: Self) -> list[Any]:
            there = images.filter(image__in=ids)
            found = dict(there.values_list("pk", "image_id"))
            images._delete(images.filter(pk__in=found))
            return list(found.values())

        return self._change(detach)

    def sync(self, images: Iterable[AbstractImage], *, allow_foreign: bool = False) -> Synced:
        """Attach exactly these images, in this order, and detach all others.

        Remaining relations keep their texts and the cover. Raises ``TooManyImages`` or
        ``OrganizationMismatch`` for new ones like ``attach()``, without changing anything.
        """
        by_id = by_key(images)
        places = {pk: place for place, pk in enumerate(by_id)}

        def sync(relations: Self) -> Synced:
            there = relations._placed()
            gone = [pk for pk in there if pk not in places]
            new = [pk for pk in by_id if pk not in there]
            relations._require_room(len(new) - len(gone))
            if not allow_foreign:
                require_owner(relations.instance, [by_id[pk] for pk in new])
            if gone:
                relations._delete_locked([there.pop(pk) for pk in gone])
            relations._move(there, places)
            relations._create_all(new, places)
            return Synced(tuple(new), tuple(gone))

        return self._change(sync, image_ids=list(by_id))

    def set_cover(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
    ) -> RelationT:
        """Make ``image`` the only cover. Attaches it if necessary, like ``attach()``."""
        return self.attach(image, creator=creator, allow_foreign=allow_foreign, is_cover=True)

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
            raise ValueError(f"start must not be negative, but is {start}.")
        wanted = list(by_key(images))

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

    def _attach(
        self, image: AbstractImage, options: RelationOptions, *, allow_foreign: bool
    ) -> tuple[RelationT, bool]:
        by_key([image])

        def attach(images: Self) -> tuple[RelationT, bool]:
            found = images._found(image, options)
            if image.pk in found:
                return images._update(found, image, options), False
            images._require_room(1)
            if not allow_foreign:
                require_owner(images.instance, [image])
            images._uncover(found)
            checked: Any = images._target | options | {"allow_foreign": True}
            return images.all().create(image=image, **checked), True

        return self._change(attach, image_ids=[image.pk])


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
