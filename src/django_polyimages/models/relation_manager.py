"""The verbs of an attachable: what can be done with the images of one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from django.contrib.contenttypes.models import ContentType
from django.core.files.base import File
from django.db import connections, models, router, transaction
from django.db.models import Q

from django_polyimages.accessors import get_image_model
from django_polyimages.errors import NotAttached
from django_polyimages.models.joins.prefetch import cover_first
from django_polyimages.models.uploads import uploaded_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from django_polyimages.models.images import AbstractImage
    from django_polyimages.models.joins.images_field import ImagesField
    from django_polyimages.models.relations import AbstractImageRelation, PolymorphicImageRelation

_Found = dict[Any, "PolymorphicImageRelation"]


class RelationOptions(TypedDict, total=False):
    """What one attachment can say for itself."""

    is_cover: bool
    order: int | None
    custom_title: str
    custom_alt_text: str
    custom_description: str


@dataclass(frozen=True, slots=True)
class Synced:
    """What ``images.sync()`` changed: the keys of the images that came and of those that went."""

    attached: tuple[Any, ...]
    detached: tuple[Any, ...]


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
        self,
        image: AbstractImage | File[bytes],
        *,
        creator: AbstractBaseUser | None = None,
        **options: Unpack[RelationOptions],
    ) -> AbstractImageRelation:
        """Attach ``image`` and return its relation; attached already, its relation is updated.

        An option that is not given stays as it was. A file is uploaded first, by ``creator`` and
        for the organization of the object; if it cannot be attached then, the image goes again.
        Raises what ``Image.objects.upload()`` and ``organization_of()`` raise for a file.
        """
        return self.attach_or_update(image, creator=creator, **options)[0]

    def attach_or_update(
        self,
        image: AbstractImage | File[bytes],
        *,
        creator: AbstractBaseUser | None = None,
        **options: Unpack[RelationOptions],
    ) -> tuple[AbstractImageRelation, bool]:
        """As ``attach``, and whether the relation is new."""
        self._require_saved()
        with ExitStack() as stack:
            if isinstance(image, File):  # before the object is locked: storages are slow
                image = stack.enter_context(uploaded_for(self.instance, image, creator))
            images = stack.enter_context(self._changing())
            return images._put(image, options)

    def attach_many(self, images: Sequence[AbstractImage]) -> list[AbstractImage]:
        """Attach all of them, after those that are attached; returns the ones that were not.

        A constant number of queries.
        """
        ids = [image.pk for image in images]
        with self._changing(lock_images=ids) as relations:
            known = relations._locked().filter(image__in=ids).values_list("image_id", flat=True)
            new = [image for image in images if image.pk not in set(known)]
            relations._create_all([image.pk for image in new], orders={})
            return new

    def update_relation(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> AbstractImageRelation:
        """Change the relation to ``image``. Raises ``NotAttached`` where there is none."""
        with self._changing() as images:
            found = images._found(image, options)
            if image.pk in found:
                return images._update(found, image, options)
        raise NotAttached([image.pk])

    def detach(self, image: AbstractImage) -> bool:
        """Remove the relation to ``image``, which itself stays. False where there was none."""
        return bool(self.detach_many([image.pk]))

    def detach_many(self, image_ids: Iterable[Any]) -> list[Any]:
        """Remove the relations to these images; returns the ids of those that were attached."""
        with self._changing() as images:
            relations = images._locked().filter(image__in=list(image_ids))
            found = dict(relations.values_list("pk", "image_id"))
            images.filter(pk__in=found).delete()
            return list(found.values())

    def sync(self, images: Iterable[AbstractImage]) -> Synced:
        """Attach exactly these, in this order; says which images came and which went.

        Relations that stay keep their texts and the cover. A constant number of queries.
        """
        wanted = list(dict.fromkeys(image.pk for image in images))
        with self._changing(lock_images=wanted) as relations:
            there = {relation.image_id: relation for relation in relations._locked()}
            places = {pk: place for place, pk in enumerate(wanted)}
            new = [pk for pk in wanted if pk not in there]
            gone = [pk for pk in there if pk not in places]
            if gone:
                relations.filter(pk__in=[there.pop(pk).pk for pk in gone]).delete()
            moved = [one for pk, one in there.items() if one.order != places[pk]]
            for relation in moved:
                relation.order = places[relation.image_id]
            relations.bulk_update(moved, ["order"])
            relations._create_all(new, places)
        return Synced(tuple(new), tuple(gone))

    def set_cover(
        self, image: AbstractImage | File[bytes], *, creator: AbstractBaseUser | None = None
    ) -> AbstractImageRelation:
        """Make ``image`` the only cover; attaches it if it is not. A file as with ``attach``."""
        return self.attach(image, creator=creator, is_cover=True)

    def cover(self) -> AbstractImageRelation | None:
        """The relation of the cover, else the first in display order, else None.

        No query where the images were prefetched, or the covers alone.
        """
        field = self._field()
        if field.is_cached(self.instance):
            return cast("AbstractImageRelation | None", field.get_cached_value(self.instance))
        if self._is_prefetched():
            relations = list(self.all())
            return next((one for one in relations if one.is_cover), next(iter(relations), None))
        return self.select_related("image").order_by(*cover_first(self.model)).first()

    def reorder(self, images: Iterable[AbstractImage]) -> None:
        """Show ``images`` in this order; those left out follow in the order they had.

        Raises ``NotAttached`` for an image that is not attached, and changes nothing then.
        """
        wanted = list(dict.fromkeys(image.pk for image in images))
        with self._changing() as attached:
            relations = {relation.image_id: relation for relation in attached._locked()}
            missing = [pk for pk in wanted if pk not in relations]
            if not missing:
                rest = [pk for pk in relations if pk not in set(wanted)]
                for order, pk in enumerate([*wanted, *rest]):
                    relations[pk].order = order
                attached.bulk_update(relations.values(), ["order"])
        if missing:
            raise NotAttached(missing)

    @contextmanager
    def _changing(self, lock_images: Iterable[Any] = ()) -> Iterator[Self]:
        """A transaction in which nobody else changes this object's images, or deletes it.

        Yields the manager for the database that is written. Raises ``ObjectDoesNotExist`` where the
        object has been deleted already. Images are locked before the object, everywhere.
        """
        host = type(self.instance)
        self._require_saved()
        self._remove_prefetched_objects()
        using = router.db_for_write(self.model, instance=self.instance)
        # Other tables' rows may go on referring to a row that is locked like this.
        no_key = connections[using].features.has_select_for_no_key_update
        with ExitStack() as stack:
            # As in Model.save(): an error of the database ends the caller's transaction too.
            stack.enter_context(transaction.atomic(using=using, savepoint=False))
            if lock_images:
                rows = get_image_model()._base_manager.using(using).order_by("pk")
                list(rows.filter(pk__in=lock_images).select_for_update(no_key=no_key).values("pk"))
            hosts = host._base_manager.using(using).select_for_update(no_key=no_key)
            if not hosts.values("pk").filter(pk=self.instance.pk):
                stack.close()  # or the error would end the caller's transaction
                raise host.DoesNotExist(  # type: ignore[attr-defined]
                    f"This {host._meta.object_name} has been deleted."
                )
            yield self.db_manager(using)

    def _require_saved(self) -> None:
        if self.instance.pk is None:
            name = self.instance._meta.object_name
            raise ValueError(f"Save the {name} before its images are changed.")

    def _put(
        self, image: AbstractImage, options: RelationOptions
    ) -> tuple[AbstractImageRelation, bool]:
        found = self._found(image, options)
        if image.pk in found:
            return self._update(found, image, options), False
        self._uncover(found)
        return self.create(image=image, **options), True  # type: ignore[misc]

    def _create_all(self, image_ids: Iterable[Any], orders: Mapping[Any, int]) -> None:
        """Relations to these images, each with its order if it has one."""
        new = partial(self.model, content_type=self.content_type, object_id=str(self.instance.pk))
        self.bulk_create([new(image_id=pk, order=orders.get(pk)) for pk in image_ids])

    def _locked(self) -> models.QuerySet[PolymorphicImageRelation]:
        """The object's relations, which an image's deletion has to leave alone until the commit."""
        return self.select_for_update()

    def _found(self, image: AbstractImage, options: RelationOptions) -> _Found:
        """The relation to ``image``; with it the cover, if there is to be a new one."""
        wanted = Q(image=image.pk)
        if options.get("is_cover"):
            wanted |= Q(is_cover=True)
        return {relation.image_id: relation for relation in self._locked().filter(wanted)}

    def _update(
        self, found: _Found, image: AbstractImage, options: RelationOptions
    ) -> AbstractImageRelation:
        relation = found.pop(image.pk)
        self._uncover(found)
        for name, value in options.items():
            setattr(relation, name, value)
        if options:
            relation.save(update_fields=list(options))
        return relation

    def _uncover(self, others: _Found) -> None:
        if others:
            self.filter(image__in=others).update(is_cover=False)

    def _field(self) -> ImagesField:
        return cast("ImagesField", self.instance._meta.get_field(self.prefetch_cache_name))

    def _is_prefetched(self) -> bool:
        cache = getattr(self.instance, "_prefetched_objects_cache", {})
        return self.prefetch_cache_name in cache


def relations_of(obj: models.Model) -> ImageRelationManager:
    """The verbs for ``obj``, as ``obj.images``, for code that does not know its class."""
    return cast("ImageRelationManager", obj.images)  # type: ignore[attr-defined]
