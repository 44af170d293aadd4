"""Files of pending uploads: read from their storage once, or written there for a client.

What is checked has to be what is stored, and others may still write the object. So it is read into
a file of the server's own, and never again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import IO, Final

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from django_polyimages.errors import InvalidImage, StorageUnavailable, UploadGone
from django_polyimages.formats import FORMATS
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import ignore
from django_polyimages.pipeline.patience import Patience, error_of
from django_polyimages.pipeline.puts import Content, unavailable, writing
from django_polyimages.pixels.foreign import FIRST, kind_of
from django_polyimages.storage.incoming import is_there, open_incoming
from django_polyimages.storage.problems import report

_CHUNK: Final = 64 * 1024


def fetch(key: str, *, byte_size: int, media_type: str, sha256: str) -> IO[bytes]:
    """The incoming file, read into a temporary file: one GET, of at most ``byte_size`` + 1 bytes.

    Raises ``UploadGone`` if nothing was sent, ``InvalidImage`` if it is not what was announced
    (an empty ``sha256`` and a type that is not of an image fit all), and ``StorageUnavailable`` if
    the storage fails or does not answer within ``STORAGE_TIMEOUT``.
    """
    patience = Patience.for_writes()
    reading = threads.submit("transfers", _read, key, byte_size)
    patience.wait([reading])
    if error := error_of(reading):
        reading.add_done_callback(_close)
        if isinstance(error, StorageUnavailable):
            raise error
        if isinstance(error, FileNotFoundError):
            raise UploadGone("not_sent", _("The file for this upload has not arrived.")) from error
        raise unavailable(report("Reading an upload", error)) from error
    return _checked(reading.result(), byte_size=byte_size, media_type=media_type, sha256=sha256)


def keep(
    key: str, read: Callable[[int], bytes], *, byte_size: int, media_type: str, sha256: str
) -> None:
    """Write what ``read(number_of_bytes)`` returns to the storage as the incoming file.

    Reads at most ``byte_size`` + 1 bytes, and nothing is written unless all is as announced. Raises
    what ``fetch()`` raises, and ``UploadGone`` if there is such a file: it is never replaced.
    """
    file = _checked(
        _spooled(read, byte_size), byte_size=byte_size, media_type=media_type, sha256=sha256
    )
    patience = Patience.for_writes()
    with file, writing(ignore, patience) as puts:
        asking = threads.submit("transfers", is_there, key)
        patience.wait([asking])
        if error := error_of(asking):
            raise unavailable(report("Storing an upload", error)) from error
        if asking.result():
            raise _sent_already()
        puts.start(key, Content(File(file), media_type))
        puts.wait()
        if error := puts.errors().get(key):
            raise unavailable(report("Storing an upload", error)) from error
        if puts.written_key(key) != key:  # another request was faster
            raise _sent_already()


def other_file(reason: str) -> InvalidImage:
    """The error for a file that is not the one that was announced."""
    message = _("This is not the file that was announced: %(reason)s")
    return InvalidImage("other_file", message % {"reason": reason})


def other_size(byte_size: int) -> InvalidImage:
    """The error for a file that is longer or shorter than it was announced."""
    return other_file(_("it does not have %(size)d bytes.") % {"size": byte_size})


def _sent_already() -> UploadGone:
    return UploadGone("already_sent", _("The file for this upload has already been sent."))


def _read(key: str, byte_size: int) -> IO[bytes]:
    with open_incoming(key) as source:
        return _spooled(source.read, byte_size)


def _spooled(read: Callable[[int], bytes], byte_size: int) -> IO[bytes]:
    """At most ``byte_size`` + 1 bytes, in memory or on the disk as Django does it with uploads.

    Raises ``StorageUnavailable`` if the disk takes no more.
    """
    left = byte_size + 1
    with ExitStack() as closing:
        file: IO[bytes] = closing.enter_context(
            tempfile.SpooledTemporaryFile(
                max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE, dir=settings.FILE_UPLOAD_TEMP_DIR
            )
        )
        while left and (chunk := read(min(left, _CHUNK))):
            _write(file, chunk)
            left -= len(chunk)
        closing.pop_all()  # the caller closes it
    return file


def _write(file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()  # or the error would come with a later call
    except OSError as error:  # not those of reading, which are the client's or the storage's
        raise unavailable(report("Keeping an upload", error)) from error


def _checked(file: IO[bytes], *, byte_size: int, media_type: str, sha256: str) -> IO[bytes]:
    problem = _difference(file, byte_size, media_type, sha256)
    if problem:
        file.close()
        raise problem
    file.seek(0)
    return file


def _difference(
    file: IO[bytes], byte_size: int, media_type: str, sha256: str
) -> InvalidImage | None:
    """What of the file is not as announced. Its content is inspected later."""
    if file.tell() != byte_size:
        return other_size(byte_size)
    file.seek(0)
    # What no decoder reads is left to the inspection, which knows what to say about it.
    known = {name: one.media_type for name, one in FORMATS.items()}
    kind = kind_of(file.read(FIRST))
    if media_type in known.values() and known.get(kind, media_type) != media_type:  # type: ignore[call-overload]
        return other_file(_("it is in %(kind)s format.") % {"kind": kind})
    if sha256:
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
            return other_file(_("its SHA-256 differs."))
    return None


def _close(reading: Future[IO[bytes]]) -> None:
    """Close a file that was read too late."""
    if not reading.cancelled() and not reading.exception():
        reading.result().close()
