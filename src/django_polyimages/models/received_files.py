"""The file of a pending upload, which can be used wherever a file can be uploaded."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Self

from django.core.files.uploadedfile import UploadedFile
from django.db import models

from django_polyimages.errors import InvalidImage, UploadGone
from django_polyimages.pipeline.receiving import fetch

if TYPE_CHECKING:
    from django_polyimages.models.uploads import PendingUpload

    _UploadedFile = UploadedFile[bytes]
else:
    _UploadedFile = UploadedFile


class ReceivedFile(_UploadedFile):
    """What a client has sent for a pending upload; see ``PendingUpload.objects.received()``.

    Its bytes are read from the storage when they are needed first, into a temporary file. That
    raises ``UploadGone`` if nothing was sent, ``InvalidImage`` for another file than was announced,
    and ``StorageUnavailable``.
    """

    def __init__(self, upload: PendingUpload) -> None:
        super().__init__(
            None,
            name=upload.file_name or None,
            content_type=upload.media_type,
            size=upload.byte_size,
        )
        del self.__dict__["file"]  # which Django sets, for the property below
        self.upload = upload

    @cached_property
    def file(self) -> IO[bytes]:  # type: ignore[override]
        """The temporary file, which is closed with this object."""
        upload = self.upload
        try:
            file = fetch(
                upload.key,
                byte_size=upload.byte_size,
                media_type=upload.media_type,
                sha256=upload.sha256,
            )
        except UploadGone:
            upload.check_again()  # used meanwhile, and therefore gone
            raise
        weakref.finalize(self, file.close)
        return file

    def open(self, mode: str | None = None, *_args: Any, **_options: Any) -> Self:
        """Go to the beginning. Django's method would open a file of this machine by the name that
        the client gave, once this one is closed.
        """
        self.file.seek(0)
        return self

    def close(self) -> None:
        """Close the temporary file, if there is one."""
        if "file" in self.__dict__:
            super().close()


@contextmanager
def discarding(file: object) -> Iterator[None]:
    """Delete the pending upload of ``file``, if it has one, when the block refuses its content."""
    try:
        yield
    except UploadGone:
        raise
    except InvalidImage:
        if isinstance(file, ReceivedFile):
            file.upload.discard()
        raise


def check_owner(file: object, organization_key: Any, creator: models.Model | None) -> None:
    """Raise ``UploadGone`` if ``file`` is a pending upload of another organization, or of another
    user than ``creator``, if that is known.
    """
    if isinstance(file, ReceivedFile):
        file.upload.check_organization(organization_key)
        if creator is not None:
            file.upload.check_creator(creator.pk)


def claim(file: object, *, using: str) -> None:
    """Use up the pending upload of ``file``, if it has one, in the current transaction.

    Raises ``UploadGone`` if another transaction has done so.
    """
    if isinstance(file, ReceivedFile):
        file.upload.claim(using=using)
