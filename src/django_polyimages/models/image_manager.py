"""``Image.objects``: upload, regeneration and deletion."""

from __future__ import annotations

import os
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asgiref.sync import sync_to_async
from django.core.files.base import File
from django.db import models, transaction

from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.joins.metadata import database_for_writing, is_sliced
from django_polyimages.models.regeneration import Regeneration, regenerate
from django_polyimages.pipeline import store

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from typing_extensions import TypeVar as TypeVarWithDefault

    from django_polyimages.models.images import AbstractImage

    ImageT = TypeVarWithDefault(
        "ImageT", bound=AbstractImage, covariant=True, default=AbstractImage
    )
else:
    ImageT = TypeVar("ImageT")

TITLE_LENGTH = 255


class ImageQuerySet(models.QuerySet[ImageT]):
    """Images; deleting them deletes their files after the commit."""

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows now and their files after the commit; scheduling costs one query."""
        if is_sliced(self):
            raise TypeError("Cannot use 'limit' or 'offset' with delete().")
        using = database_for_writing(self)
        return again_after_deadlock(partial(self._delete_locked, using), using=using)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _delete_locked(self, using: str) -> tuple[int, dict[str, int]]:
        every = type(self)(self.model, using=using)
        with transaction.atomic(using=using, savepoint=False):
            # Lock only images, even if this query joins other tables, and always in the same order.
            wanted = every.filter(pk__in=self.using(using).order_by().values("pk")).order_by("pk")
            images = list(wanted.select_for_update().only("file", "versions"))
            FileDeletion.objects.db_manager(using).schedule(image.keys for image in images)
            # Delete exactly the rows locked above.
            rows = every.filter(pk__in=[image.pk for image in images])
            return super(ImageQuerySet, rows).delete()


_Manager = models.Manager.from_queryset(ImageQuerySet)


class ImageManager(_Manager[ImageT]):
    """``Image.objects``: every upload goes through it."""

    def upload(
        self,
        file: File[bytes],
        *,
        organization: models.Model,
        creator: AbstractBaseUser | None = None,
        title: str | None = None,
        alt_text: str = "",
        description: str = "",
        **fields: Any,
    ) -> ImageT:
        """Check ``file``, store it unchanged, generate its versions and insert the row.

        The default ``title`` is the name of the file. ``fields`` are for your own image model.
        Raises ``InvalidImage`` for a file it does not accept, ``StorageUnavailable`` if the storage
        fails, ``Busy`` if too many other images are being processed, and ``ValueError`` for an
        unsaved organization; nothing is left behind.
        If a version cannot be generated, the upload succeeds, but ``status`` is ``failed`` and
        ``failure_reason`` says why.
        """
        # Raises TypeError for what is no column before anything is stored.
        self.model(organization=organization, creator=creator, **fields)
        using = database_for_writing(self)
        owner = getattr(organization, "pk", None)
        if owner is None and organization is not None:
            raise ValueError("Save the organization before images are uploaded for it.")
        with store.store(file, using=using, owner=owner) as stored:
            generated, placeholder = stored.generated, stored.generated.placeholder
            image: ImageT = self.create(
                file=stored.key,
                title=_title_of(file) if title is None else title,
                alt_text=alt_text,
                description=description,
                organization=organization,
                creator=creator,
                width=stored.facts.width,
                height=stored.facts.height,
                byte_size=stored.facts.byte_size,
                media_type=stored.facts.media_type,
                sha256=stored.facts.sha256,
                versions=generated.versions,
                dominant_color=placeholder.color,
                placeholder=placeholder.data_uri,
                status=self.model.Status.FAILED if generated.failure else self.model.Status.READY,
                failure_reason=generated.failure,
                **fields,
            )
        return image

    async def aupload(
        self,
        file: File[bytes],
        *,
        organization: models.Model,
        creator: AbstractBaseUser | None = None,
        title: str | None = None,
        alt_text: str = "",
        description: str = "",
        **fields: Any,
    ) -> ImageT:
        """``upload()`` for asynchronous code."""
        return await sync_to_async(self.upload)(
            file,
            organization=organization,
            creator=creator,
            title=title,
            alt_text=alt_text,
            description=description,
            **fields,
        )

    def regenerate(self, image: AbstractImage, *, everything: bool = False) -> Regeneration:
        """Generate the versions of ``image`` that are missing or outdated; all with ``everything``.

        Versions that no spec asks for any more are removed. New files get new keys; the old ones
        are served until the new ones are recorded, and deleted after the commit. Safe at any time,
        from any number of workers. The result and the row's ``status`` say how it ended; an
        original that cannot be read raises nothing. ``image`` is brought up to date.

        Raises ``DoesNotExist`` where the image has been deleted.
        """
        return regenerate(
            image, using=database_for_writing(self, instance=image), everything=everything
        )

    async def aregenerate(self, image: AbstractImage, *, everything: bool = False) -> Regeneration:
        """``regenerate()`` for asynchronous code."""
        return await sync_to_async(self.regenerate)(image, everything=everything)

    def set_focal_point(self, image: AbstractImage, x: float, y: float) -> None:
        """Keep this point visible in cropped versions: from 0 (left, top) to 1 (right, bottom).

        This is the same as saving ``focal_x`` and ``focal_y``: only the versions that depend on
        them are regenerated, after the commit. Raises ``ValueError`` for a point outside the
        picture.
        """
        image.focal_x, image.focal_y = x, y
        using = database_for_writing(self, instance=image)
        image.save(using=using, update_fields=["focal_x", "focal_y", "updated_at"])

    async def aset_focal_point(self, image: AbstractImage, x: float, y: float) -> None:
        """``set_focal_point()`` for asynchronous code."""
        await sync_to_async(self.set_focal_point)(image, x, y)


def _title_of(file: File[bytes]) -> str:
    """The client's file name, composed, in one line and without folders, control characters, bidi
    marks and surrogates. A file without a name has no title, nor has one that a number stands for.
    """
    given: object = file.name
    name = os.fsdecode(given) if isinstance(given, str | bytes | os.PathLike) else ""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    visible = "".join(char for char in name if not unicodedata.category(char).startswith("C"))
    return " ".join(visible.split())[:TITLE_LENGTH].rstrip()
