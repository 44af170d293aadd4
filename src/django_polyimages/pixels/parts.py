"""The parts of a file, counted before a decoder starts: decoders do work for each of them.

A few hundred kilobytes of scans, items or extents keep a decoder busy for minutes, whatever size
the picture has. Only the first picture of a file is looked at, as decoders do.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from django_polyimages.conf import get_settings
from django_polyimages.errors import InvalidImage
from django_polyimages.pixels import av1, jpeg, png
from django_polyimages.pixels.samples import boxes, boxes_of, samples_of_items, samples_of_tracks

MAX_SEGMENTS: Final = 20_000
"""Of a JPEG, and boxes of an AVIF: 15 to 35 ms of work. Phones write about 50."""
MAX_SCANS: Final = 100
"""Of a JPEG. Progressive files of cameras and encoders have about 10."""
MAX_SCANNED: Final = 1_500_000_000
"""Scans times pixels of a JPEG: 30 scans of 50 megapixels."""
MAX_TEXTS: Final = 16
"""Of a PNG, compressed or international texts and profiles. Editors write up to about ten."""
MAX_EXIF: Final = 16
"""Segments of EXIF data in a JPEG, which Pillow joins one by one. Cameras write one."""
MAX_TRACKS: Final = 16
"""Of an AVIF's box ``moov``; an animation has one, and one for its transparency."""
MAX_DECODED: Final = 75_000_000
"""Pixels of all frames of an AVIF, also of hidden ones, unless the setting allows more. Layers of a
progressive picture are frames; ones of 25 megapixels take up to 0.8 s each."""
MAX_META: Final = 64 * 1024
"""Bytes of an AVIF's box ``meta``; encoders write less than 2 KiB."""
MAX_MOVIE: Final = 1024 * 1024
"""Bytes of an AVIF's box ``moov``, which lists the frames of an animation."""
MAX_ITEMS: Final = 1000
"""Entries in each list of an AVIF's box ``meta``; a picture of 100 tiles has about 200."""

_HEADER = 16  # bytes before the content of a box, at most
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # ITU-T T.81, table B.1
_SEQUENTIAL = {0xC0, 0xC1}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of a file say about the memory that a decoder needs."""

    in_scans: bool = False
    """Whether the pixels come in several scans, so that it has to hold the coefficients of all."""
    pixels: int = 0
    """Of the largest frames of an AVIF together, which may be larger than its header says."""


def check_parts(file: File[bytes]) -> Parts:
    """Raise ``InvalidImage`` if a decoder would have too much work with the parts of ``file``.

    Anything that is not built as a JPEG or AVIF has to be is left to the decoder.
    """
    file.seek(0)
    start = file.read(12)
    parts = Parts()
    if start.startswith(b"\xff\xd8\xff"):
        parts = Parts(in_scans=_check_jpeg(file))
    elif start.startswith(png.SIGNATURE):
        _check_png(file)
    elif start[4:8] == b"ftyp":
        parts = Parts(pixels=_check_avif(file))
    file.seek(0)
    return parts


def _check_jpeg(file: File[bytes]) -> bool:
    """As ``Parts.in_scans``; true as well for a file that ends before it says so."""
    scans = pixels = channels = exif = 0
    sequential = True
    file.seek(2)
    for number, marker in enumerate(jpeg.markers(file)):
        if number == MAX_SEGMENTS:
            raise too_complex()
        if marker == jpeg.END_OF_IMAGE:
            return scans != 1 or not sequential
        if marker in jpeg.ALONE:
            continue
        if scans and 0x02 <= marker < 0xC0:
            # Reserved. Between restart markers libjpeg reads on behind it, and finds more scans.
            raise too_complex()
        segment = file.read(8)
        if len(segment) < 8:
            return True
        length, first, height, width, number_of_channels = struct.unpack(">HBHHB", segment)
        if marker in _FRAMES:
            pixels, channels = max(pixels, height * width), max(channels, number_of_channels)
            sequential = sequential and marker in _SEQUENTIAL
        if marker == jpeg.START_OF_SCAN:
            scans += 1
            sequential = sequential and first == channels  # else more scans are expected
        exif += marker == jpeg.APPLICATION_1 and segment[2:7] == b"Exif\0"
        if scans > MAX_SCANS or scans * pixels > MAX_SCANNED or exif > MAX_EXIF:
            raise too_complex()
        file.seek(max(length, 2) - 8, 1)
    return True


def _check_png(file: File[bytes]) -> None:
    """Compressed chunks before the pixels: Pillow inflates each of them to a megabyte or more."""
    texts = 0
    for number, (kind, _length) in enumerate(png.chunks(file)):
        if kind == b"IDAT":
            return
        texts += kind in (b"zTXt", b"iTXt", b"iCCP")
        if texts > MAX_TEXTS or number >= MAX_SEGMENTS - 1:
            raise too_complex()


def _check_avif(file: File[bytes]) -> int:
    """As ``Parts.pixels``. Only one of the boxes ``meta`` and ``moov`` is decoded."""
    pixels, seen = 0, set[bytes]()
    for number, (kind, start, end) in enumerate(boxes_of(file)):
        if number + 1 == MAX_SEGMENTS or kind in seen:
            raise too_complex()
        if end - start + _HEADER > {b"meta": MAX_META, b"moov": MAX_MOVIE}.get(kind, math.inf):
            raise too_complex()
        seen |= {kind} & {b"meta", b"moov"}
        if kind in (b"meta", b"moov") and end <= file.size:  # else it is cut off
            file.seek(start)
            body = file.read(max(0, end - start))
            pixels = max(pixels, _check_pictures(file, kind, body))
    return pixels


def _check_pictures(file: File[bytes], kind: bytes, body: bytes) -> int:
    if kind == b"moov":
        if sum(name == b"trak" for name, _box in boxes(body)) > MAX_TRACKS:
            raise too_complex()
        return _check_frames(samples_of_tracks(file, body), file.size)
    meta = body[4:]  # after version and flags
    _check_meta(meta)
    return _check_frames(samples_of_items(file, meta), file.size)


def _check_frames(samples: Iterator[bytes], most: int) -> int:
    """Refuse frames that are larger than the limit, or too many; as ``Parts.pixels``."""
    limit = get_settings().pixels_of("AVIF")
    size = work = pixels = 0
    try:
        for sample in samples:
            size += len(sample)
            frames = av1.frames_of(sample)
            largest = max(frames, default=0)
            work += sum(frames)
            pixels += largest
            # The picture, its transparency and a gain map; the tiles of a picture add up to it.
            if size > most or largest > limit or work > max(3 * limit, MAX_DECODED):
                raise too_complex()
    except InvalidImage:
        raise
    except (struct.error, ValueError, IndexError) as error:
        raise damaged() from error
    return pixels


def _check_meta(meta: bytes) -> None:
    for kind, body in boxes(meta):
        try:
            entries = _entries(kind, body)
        except struct.error:
            return  # cut off
        if entries > MAX_ITEMS:
            raise too_complex()


def _entries(kind: bytes, body: bytes) -> int:
    """How many entries a list of the box ``meta`` has (ISO/IEC 14496-12, 8.11)."""
    version = body[0] if body else 0
    if kind == b"iinf":
        return _number(body, 4, 4 if version else 2)
    if kind == b"iloc":
        return _locations(body, version)
    if kind == b"iref":
        wide = 4 if version else 2
        return sum(1 + (len(box) - wide - 2) // wide for _kind, box in boxes(body[4:]))
    if kind == b"iprp":
        return max((_properties(name, box) for name, box in boxes(body)), default=0)
    return 0


def _properties(kind: bytes, body: bytes) -> int:
    return sum(1 for _box in boxes(body)) if kind == b"ipco" else _number(body, 4, 4)


def _locations(body: bytes, version: int) -> int:
    """Items and their extents, which may have no bytes at all."""
    sizes = _number(body, 4, 2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version > 1 else 2
    items = _number(body, 6, wide)
    total, place = items, 6 + wide
    for _item in range(min(items, MAX_ITEMS)):
        place += wide + (2 if version else 0) + 2 + base
        extents = _number(body, place, 2)
        total += extents
        place += 2 + extents * (offset + length + (index if version else 0))
    return total


def _number(body: bytes, place: int, width: int) -> int:
    number: int
    [number] = struct.unpack_from(">I" if width == 4 else ">H", body, place)
    return number


def damaged() -> InvalidImage:
    # Lazy: raised in another thread, shown in the language of the caller.
    return InvalidImage("damaged", _("The image is damaged or incomplete and cannot be read."))


def too_complex() -> InvalidImage:
    return InvalidImage(
        "too_complex",
        _("The image has too many internal parts. Save it again with another program."),
    )
