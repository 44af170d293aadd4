"""Checks whether a file is an accepted image, by its header and checksums, before decoding it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final, cast

from django.core.files import File
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from PIL import Image, ImageFile, UnidentifiedImageError

from django_polyimages.conf import Settings, get_settings
from django_polyimages.errors import InvalidImage
from django_polyimages.formats import FORMATS, OriginalFormat
from django_polyimages.pixels import png
from django_polyimages.pixels.foreign import FIRST, kind_of, kind_of_media_type, message_of
from django_polyimages.pixels.memory import memory_of, most_in_scans
from django_polyimages.pixels.metadata import orientation_of
from django_polyimages.pixels.parts import check_parts, damaged
from django_polyimages.pixels.readers import BoundedReader, StillReader
from django_polyimages.pixels.support import most_pixels

logger = logging.getLogger("django_polyimages")
_ANY_SIZE: Final = 2**60
"""Bytes: a client may announce a number that is larger than every float."""
MAX_SIDE: Final = 65_535
"""Pixels: the longest side of a JPEG. Scaling needs memory and time for each pixel of a side, so
that a picture of 16,000,000 x 2 pixels would take half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts about an original that are known without decoding it."""

    format: OriginalFormat
    """``JPEG``, ``PNG``, ``WEBP``, ``GIF`` or ``AVIF``, detected from the content, not the name."""
    byte_size: int
    width: int
    """Displayed width in pixels, after the EXIF orientation."""
    height: int
    """Displayed height in pixels, after the EXIF orientation."""
    memory: int
    """How many bytes decoding it may need, at most."""
    orientation: int
    """EXIF orientation, 1 (as stored) to 8."""
    sha256: str
    """64 hex digits of the file's SHA-256."""

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def extension(self) -> str:
        """The extension of the original's key, without a dot."""
        return FORMATS[self.format].extension


def inspect(file: File[bytes]) -> Facts:
    """The facts about ``file``. Raises ``InvalidImage`` with the reason if it is not accepted.

    The cheapest checks come first: bytes, decoder, pixels in the header, checksums in the file.
    They need little memory, whatever the file claims to be. Only ``scaling.decode()`` finds damage
    in the pixels.
    """
    settings = get_settings()
    check_byte_size(file.size)
    _check_kind(file, settings)
    with refusing_damage():
        parts = check_parts(file)
    with refusing_damage(), open_image(file) as image:
        stored = image.size
        name = _format_of(image)
        limit = settings.pixels_of(name)
        _check_pixels(
            stored, most_in_scans(limit, len(image.getbands())) if parts.in_scans else limit
        )
        memory = memory_of(image, parts)
        orientation = orientation_of(exif_of(file, image))
        image.verify()
    upright = stored if orientation < 5 else stored[::-1]
    return Facts(
        format=name,
        byte_size=file.size,
        width=upright[0],
        height=upright[1],
        memory=memory,
        orientation=orientation,
        sha256=sha256_of(file),
    )


def sha256_of(file: File[bytes]) -> str:
    """64 hex digits of the SHA-256 of the whole file."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def open_image(file: File[bytes]) -> ImageFile.ImageFile:
    """Read the header with an allowed decoder. Only this function calls ``Image.open()``."""
    formats = get_settings().formats
    file.seek(0)
    reader = (StillReader if file.read(4) == b"GIF8" else BoundedReader)(file)
    try:
        image = Image.open(cast("IO[bytes]", reader), formats=formats)
    except UnidentifiedImageError as error:
        raise InvalidImage("not_an_image", message_of("", formats)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow's own limit, which is a warning that the host may have turned into an error. The
        # check W008 tells hosts whose limit it is.
        raise _too_many_pixels(_limit_of_pillow(error)) from error
    reader.begin_pixels()
    return image


def exif_of(file: File[bytes], image: Image.Image) -> bytes:
    """The EXIF data of ``image``, opened from ``file``; empty if it has none."""
    exif: bytes = png.exif_of(file) if image.format == "PNG" else image.info.get("exif", b"")
    return exif


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Convert exceptions of a decoder on a damaged file to ``InvalidImage``, and log them.

    That is every exception but lack of memory: no list of those that Pillow and five libraries
    raise for damage is complete, and warnings are among them where the host turns them into errors.
    """
    try:
        yield
    except (InvalidImage, MemoryError):
        raise
    except Exception as error:
        logger.warning("A decoder failed; the image is refused as damaged.", exc_info=error)
        raise damaged() from error


def check_byte_size(byte_size: int) -> None:
    """Raise ``InvalidImage`` for an empty file, and for more than ``MAX_BYTES``."""
    if byte_size <= 0:
        raise InvalidImage("empty", _("The file is empty."))
    limit = get_settings().max_bytes
    if byte_size > limit:
        message = _("File too large: %(size)s; the maximum is %(limit)s.")
        sizes = {"size": filesizeformat(min(byte_size, _ANY_SIZE)), "limit": filesizeformat(limit)}
        raise InvalidImage("too_large", message % sizes)


def check_media_type(media_type: str) -> None:
    """Raise ``InvalidImage`` for a media type that is not one of ``FORMATS``."""
    formats = get_settings().formats
    if media_type not in {FORMATS[name].media_type for name in formats}:
        kind = kind_of_media_type(media_type)
        raise InvalidImage("not_an_image", message_of(kind, formats))


def _check_kind(file: File[bytes], settings: Settings) -> None:
    """Tell what a file is that no allowed decoder reads: what HEIC or video holds is not read."""
    file.seek(0)
    kind = kind_of(file.read(FIRST))
    if kind and kind not in settings.formats:
        raise InvalidImage("not_an_image", message_of(kind, settings.formats))


def _check_pixels(size: tuple[int, int], limit: int) -> None:
    if max(size) > MAX_SIDE:
        message = _(
            "Too wide or too high (%(width)s x %(height)s); the maximum is %(limit)s pixels."
        )
        facts = {"width": size[0], "height": size[1], "limit": MAX_SIDE}
        raise InvalidImage("too_many_pixels", message % facts)
    if size[0] * size[1] > limit:
        raise _too_many_pixels(limit, size)


def _limit_of_pillow(error: Exception) -> int:
    """The limit that a picture exceeded which Pillow did not open: Pillow's, or a lower one."""
    settings = get_settings()
    warns_and_fails_above = most_pixels() or ()
    limits = warns_and_fails_above[0 if isinstance(error, Warning) else 1 :]
    return min(*limits, max(settings.pixels_of(name) for name in settings.formats))


def _too_many_pixels(limit: int, size: tuple[int, int] | None = None) -> InvalidImage:
    allowed = number_format(f"{limit / 1_000_000:g}")
    if size is None:
        message = _("Too many pixels; the maximum is %(limit)s megapixels.")
        return InvalidImage("too_many_pixels", message % {"limit": allowed})
    message = _("Too many pixels (%(width)s x %(height)s); the maximum is %(limit)s megapixels.")
    facts = {"width": size[0], "height": size[1], "limit": allowed}
    return InvalidImage("too_many_pixels", message % facts)


def _format_of(image: Image.Image) -> OriginalFormat:
    # Phones write JPEG files that contain a second picture; Pillow calls them MPO.
    return "JPEG" if image.format == "MPO" else cast("OriginalFormat", image.format)


def check_number_of_files(number: int, *, at_most: int | None = None) -> None:
    """Raise ``InvalidImage`` for more than ``at_most`` files, by default ``MAX_FILES``."""
    limit = get_settings().max_files if at_most is None else at_most
    if number > limit:
        message = _("Too many files: %(count)d; the maximum is %(limit)d.")
        raise InvalidImage("too_many_files", message % {"count": number, "limit": limit})
