"""``Image.objects``: upload, regeneration and deletion."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asgiref.sync import sync_to_async
from django.core.files.base import File
from django.db import models, transaction

from django_polyimages import tasks
from django_polyimages.models import usage
from django_polyimages.models.announcements import announce_after_commit
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.models.enqueueing import enqueue
from django_polyimages.models.joins.deleting import delete_images
from django_polyimages.models.joins.metadata import database_for_writing, is_sliced
from django_polyimages.models.organizations import default_organization
from django_polyimages.models.pending import generate_after_commit
from django_polyimages.models.received_files import check_owner, claim, discarding
from django_polyimages.models.regeneration import Regeneration, regenerate
from django_polyimages.pipeline import store
from django_polyimages.pipeline.patience import waiting_together
from django_polyimages.pipeline.sources import Source, as_file, plain_name

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models.expressions import Combinable
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

    def unused(self) -> Self:
        """The images that nothing refers to: no relation, and no row of any other model."""
        return usage.unused(self)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows now and their files after the commit; scheduling costs one query."""
        if is_sliced(self):
            raise TypeError("Cannot use 'limit' or 'offset' with delete().")
        using = database_for_writing(self)
        return again_after_deadlock(partial(self._delete_locked, using), using=using)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def enqueue(self, *, everything: bool = False) -> int:
        """Make the images pending and let the task engine generate what is missing or outdated; all
        versions with ``everything``. Returns how many images that are.

        A thousand images cost a few queries and one job, and no call of the storage.
        ``Image.objects.filter(status="failed").enqueue()`` tries again what has failed. Without a
        task engine, the versions are generated here, after the commit.
        """
        return enqueue(self, everything=everything)

    enqueue.alters_data = True  # type: ignore[attr-defined]

    def _delete_locked(self, using: str) -> tuple[int, dict[str, int]]:
        every = type(self)(self.model, using=using)
        with transaction.atomic(using=using, savepoint=False):
            # Lock only images, even if this query joins other tables, and always in the same order.
            wanted = every.filter(pk__in=self.using(using).order_by().values("pk")).order_by("pk")
            images = list(wanted.select_for_update().only("file", "versions"))
            FileDeletion.objects.db_manager(using).schedule(image.keys for image in images)
            # Delete exactly the rows locked above.
            rows = every.filter(pk__in=[image.pk for image in images])
            return delete_images(rows, using=using, origin=rows)


if TYPE_CHECKING:

    class _Manager(models.Manager[ImageT]):
        # What from_queryset() does, for type checkers without the plugin of django-stubs.
        def get_queryset(self) -> ImageQuerySet[ImageT]: ...
        def all(self) -> ImageQuerySet[ImageT]: ...
        def none(self) -> ImageQuerySet[ImageT]: ...
        def filter(self, *args: Any, **kwargs: Any) -> ImageQuerySet[ImageT]: ...
        def exclude(self, *args: Any, **kwargs: Any) -> ImageQuerySet[ImageT]: ...
        def order_by(self, *field_names: str | Combinable) -> ImageQuerySet[ImageT]: ...
        def select_related(self, *fields: Any) -> ImageQuerySet[ImageT]: ...
        def prefetch_related(self, *lookups: Any) -> ImageQuerySet[ImageT]: ...
        def using(self, alias: str | None) -> ImageQuerySet[ImageT]: ...
        def newest_first(self) -> ImageQuerySet[ImageT]: ...
        def enqueue(self, *, everything: bool = False) -> int: ...

else:
    _Manager = models.Manager.from_queryset(ImageQuerySet)


class ImageManager(_Manager[ImageT]):
    """``Image.objects``: every upload goes through it."""

    def upload(
        self,
        file: Source,
        *,
        organization: models.Model | None = None,
        creator: AbstractBaseUser | None = None,
        title: str | None = None,
        alt_text: str = "",
        description: str = "",
        **fields: Any,
    ) -> ImageT:
        """Check ``file``, store it, generate its versions and insert the row.

        It is stored unchanged, unless ``ORIGINAL_METADATA`` removes its metadata.

        ``file`` is an open binary file, bytes, or a path: a ``str`` is always the path of a file on
        this machine, so never hand over one that a client has sent. A file that you have opened
        stays open. The file of a pending upload, see ``PendingUpload.objects.received()``, is used
        up in the transaction that inserts the row: a rollback makes it usable again.
        ``file_name`` and the default ``title`` are the name of the file, without control characters
        and folders. ``organization`` may be left out only if the host has no organizations.
        ``fields`` are for your own image model.

        Raises ``TypeError`` for anything else, such as a file in text mode, and ``ValueError`` for
        a file that is closed, cannot be read twice or does not exist, and for an unsaved
        organization.
        Raises ``InvalidImage`` for a file it does not accept (``UploadGone`` for a pending upload
        that is used already, or is of another organization or creator), ``StorageUnavailable`` if
        the storage fails or does not answer within ``STORAGE_TIMEOUT``, and ``Busy`` if too many
        other images are being processed; nothing is left behind.
        If a version cannot be generated, the upload succeeds, but ``status`` is ``failed`` and
        ``failure_reason`` says why.
        """
        # Raises TypeError for what is no column before anything is stored.
        self.model(organization=organization, creator=creator, **fields)
        using = database_for_writing(self)
        if organization is None:  # one that counts its members may be false
            organization = default_organization(using=using)
        owner = organization.pk
        if owner is None:
            raise ValueError("Save the organization before images are uploaded for it.")
        check_owner(file, owner, creator)
        note = FileDeletion.objects.db_manager(using).note
        with (
            waiting_together(),
            discarding(file),
            as_file(file) as lent,
            store.store(lent, using=using, owner=owner, note=note) as stored,
        ):
            claim(file, using=using)
            generated, placeholder = stored.generated, stored.generated.placeholder
            file_name = _name_of(lent)
            image: ImageT = self.model(
                file=stored.key,
                title=file_name if title is None else title,
                alt_text=alt_text,
                description=description,
                organization=organization,
                creator=creator,
                width=stored.facts.width,
                height=stored.facts.height,
                byte_size=stored.facts.byte_size,
                media_type=stored.facts.media_type,
                sha256=stored.facts.sha256,
                dominant_color=placeholder.color,
                placeholder=placeholder.data_uri,
                **{"file_name": file_name} | fields,
            )
            image.record_versions(generated.versions, generated.failure)
            is_unfinished = bool(image.outdated_specs) and not tasks.is_inline()
            if is_unfinished:
                image.await_versions()
            image.save(force_insert=True, using=using)
            if is_unfinished:
                generate_after_commit(image, using=using)
            announce_after_commit(image, using=using)
        return image

    async def aupload(
        self,
        file: Source,
        *,
        organization: models.Model | None = None,
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

    def regenerate(
        self,
        image: AbstractImage,
        *,
        everything: bool = False,
        only: Collection[str] | None = None,
    ) -> Regeneration:
        """Generate the versions of ``image`` that are missing or outdated; all with ``everything``.

        ``only`` names versions; the others are left as they are.

        Versions that no spec asks for any more are removed. New files get new keys; the old ones
        are served until the new ones are recorded, and deleted after the commit. Safe at any time,
        from any number of workers. The result and the row's ``status`` say how it ended; an
        original that cannot be read raises nothing. ``image`` is brought up to date.

        Raises ``DoesNotExist`` where the image has been deleted, and ``ValueError`` for a name that
        is not in ``VERSIONS``.
        """
        using = database_for_writing(self, instance=image)
        return regenerate(image, using=using, everything=everything, only=only)

    async def aregenerate(
        self,
        image: AbstractImage,
        *,
        everything: bool = False,
        only: Collection[str] | None = None,
    ) -> Regeneration:
        """``regenerate()`` for asynchronous code."""
        return await sync_to_async(self.regenerate)(image, everything=everything, only=only)

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


def _name_of(file: File[bytes]) -> str:
    """``plain_name()``; empty for a file without a name, or with a number for one."""
    given: object = file.name
    return plain_name(os.fsdecode(given)) if isinstance(given, str | bytes | os.PathLike) else ""
