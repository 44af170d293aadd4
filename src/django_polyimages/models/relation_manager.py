"""The manager ``contact.images``, for synchronous and asynchronous code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from asgiref.sync import sync_to_async
from django.db import models

from django_polyimages.models.joins.images_field import field_of_attachable
from django_polyimages.models.joins.metadata import database_for_writing
from django_polyimages.models.relation_owners import require_owners
from django_polyimages.models.relation_rows import RelationT
from django_polyimages.models.relation_verbs import RelationOptions, RelationVerbs, Synced
from django_polyimages.pipeline.sources import Source

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from django_polyimages.models.images import AbstractImage


class ImageRelationManager(RelationVerbs[RelationT]):
    """The methods of ``contact.images``, for the images of one object.

    They return relations of the model in use, for type checkers ``RelationT``. A method that writes
    waits for other changes to the same object, and is retried after a deadlock. Django's own
    ``remove()`` and ``clear()`` detach; ``add()``, ``set()``, ``create()`` and the like raise
    ``TypeError``, which names the method to use instead. For asynchronous code, each method has a
    twin, which runs it in a thread as those of Django do.
    """

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[RelationT]:
        """Django's, for ``Relation.objects``: it takes no lock and leaves covers alone. Raises
        ``OrganizationMismatch`` like ``save()``, for which two queries are enough.
        """
        rows = list(objs)
        images: Any = self.model._meta.get_field("image").related_model
        require_owners(rows, images, using=database_for_writing(self))
        return super().bulk_create(rows, *args, **kwargs)

    async def abulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[RelationT]:
        """``bulk_create()`` for asynchronous code."""
        return await sync_to_async(self.bulk_create)(objs, *args, **kwargs)

    async def aattach(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
        **options: Unpack[RelationOptions],
    ) -> RelationT:
        """``attach()`` for asynchronous code."""
        attach = sync_to_async(self.attach)
        return await attach(image, creator=creator, allow_foreign=allow_foreign, **options)

    async def aattach_or_update(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
        **options: Unpack[RelationOptions],
    ) -> tuple[RelationT, bool]:
        """``attach_or_update()`` for asynchronous code."""
        attach = sync_to_async(self.attach_or_update)
        return await attach(image, creator=creator, allow_foreign=allow_foreign, **options)

    async def aattach_many(
        self, images: Sequence[AbstractImage], *, allow_foreign: bool = False
    ) -> list[AbstractImage]:
        """``attach_many()`` for asynchronous code."""
        return await sync_to_async(self.attach_many)(images, allow_foreign=allow_foreign)

    async def aupdate_relation(
        self, image: AbstractImage, **options: Unpack[RelationOptions]
    ) -> RelationT:
        """``update_relation()`` for asynchronous code."""
        return await sync_to_async(self.update_relation)(image, **options)

    async def adetach(self, image: AbstractImage) -> bool:
        """``detach()`` for asynchronous code."""
        return await sync_to_async(self.detach)(image)

    async def adetach_many(self, image_ids: Iterable[Any]) -> list[Any]:
        """``detach_many()`` for asynchronous code."""
        return await sync_to_async(self.detach_many)(image_ids)

    async def async_(
        self, images: Iterable[AbstractImage], *, allow_foreign: bool = False
    ) -> Synced:
        """``sync()`` for asynchronous code; without the underscore it is a word of Python's."""
        return await sync_to_async(self.sync)(images, allow_foreign=allow_foreign)

    async def aset_cover(
        self,
        image: AbstractImage | Source,
        *,
        creator: AbstractBaseUser | None = None,
        allow_foreign: bool = False,
    ) -> RelationT:
        """``set_cover()`` for asynchronous code."""
        set_cover = sync_to_async(self.set_cover)
        return await set_cover(image, creator=creator, allow_foreign=allow_foreign)

    async def acover(self) -> RelationT | None:
        """``cover()`` for asynchronous code."""
        return await sync_to_async(self.cover)()

    async def areorder(self, images: Iterable[AbstractImage], *, start: int | None = 0) -> None:
        """``reorder()`` for asynchronous code."""
        await sync_to_async(self.reorder)(images, start=start)


def relations_of(obj: models.Model) -> ImageRelationManager[Any]:
    """``obj.images``, or whatever the model calls it, for code that works with any model.

    Raises ``TypeError`` for an object that is not attachable.
    """
    name = field_of_attachable(type(obj)).name
    return cast("ImageRelationManager[Any]", getattr(obj, name))
