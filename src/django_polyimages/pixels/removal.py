"""Removes from an original what it says of a person or a place; its pixels are not touched.

What remains are the pixels as they were compressed, their colours (profile, gamma, transparency),
the resolution, the frames of an animation, and the orientation, alone in EXIF data of its own. All
else goes, known or not: EXIF, XMP, IPTC and maker notes, comments and texts, times, thumbnails, and
whatever comes after the first picture, such as the second picture of a phone's JPEG or a film.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django.core.files.base import File

from django_polyimages.errors import InvalidImage
from django_polyimages.formats import OriginalFormat
from django_polyimages.pixels import jpeg, png
from django_polyimages.pixels.avif_removal import edits_of_avif
from django_polyimages.pixels.inspection import Facts, inspect, refusing_damage
from django_polyimages.pixels.parts import damaged, too_complex
from django_polyimages.pixels.splicing import Edit, spliced

_JFIF: Final = 14  # bytes, and the thumbnail
_ADOBE: Final = 12
_EXIF: Final = b"Exif\0\0"
_KEPT_IN_PNG: Final = {  # with the most bytes that they can have
    **dict.fromkeys((b"IHDR", b"PLTE", b"IDAT", b"iCCP", b"fdAT"), 2**31),
    **{b"tRNS": 256, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8},
    **{b"sBIT": 4, b"bKGD": 6, b"pHYs": 9, b"acTL": 8, b"fcTL": 26},
}
_KEPT_IN_WEBP: Final = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_KEPT_IN_FRAME: Final = {b"VP8 ", b"VP8L", b"ALPH"}
_HAS_EXIF, _HAS_XMP = 0x08, 0x04  # flags of VP8X
_WITH_ONE_BLOCK: Final = {b"\xf9", b"\x01"}  # for the next frame, and for a text
_WITH_LOOP: Final = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}
_PROFILE: Final = b"ICCRGBG1012"
_MORE_STEPS: Final = 100_000
"""Blocks of a GIF or chunks of a WebP, beyond one for each 64 bytes; GIFs have one for each 255."""


def without_metadata(file: File[bytes], facts: Facts) -> File[bytes]:
    """``file``, which ``inspect()`` has accepted, without metadata; it is read from ``file``.

    Raises ``InvalidImage`` for a file that is not built as its format has to be.
    """
    exif = b"" if facts.orientation == 1 else _exif_of(facts.orientation)
    with refusing_damage():
        file.seek(0)
        return spliced(file, _EDITS[facts.format](file, exif))


def inspect_without_metadata(file: File[bytes]) -> tuple[File[bytes], Facts]:
    """``without_metadata()`` of a file that ``inspect()`` accepts, and the facts about that.

    Raises ``InvalidImage``, also if another picture remained than was there before.
    """
    facts = inspect(file)
    cleaned = without_metadata(file, facts)
    try:
        now = inspect(cleaned)
    except InvalidImage as error:
        raise damaged() from error
    before = facts.format, facts.width, facts.height, facts.orientation
    if (now.format, now.width, now.height, now.orientation) != before:
        raise damaged()
    return cleaned, now


def _exif_of(orientation: int) -> bytes:
    """EXIF data with this tag alone."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def _of_jpeg(file: File[bytes], exif: bytes) -> Iterator[Edit]:
    file.seek(2)
    end, in_scan = 2, False
    for marker in jpeg.markers(file):
        start, was_in_scan = file.tell() - 2, in_scan
        if not in_scan and start > end:
            yield Edit(end, start)  # decoders skip what is between two segments
        end, in_scan = start + 2, marker == jpeg.START_OF_SCAN
        if marker == jpeg.END_OF_IMAGE:
            break
        if marker in jpeg.ALONE:
            continue
        head = file.read(2 + _JFIF)
        end = min(file.size, end + max(2, int.from_bytes(head[:2], "big")))
        new = _segment_for(marker, head[2 : end - start - 2], exif)
        if new is not None:
            if was_in_scan:  # its marker tells decoders that the scan has ended
                new = new or _segment(marker, b"")
            yield Edit(start, end, new)
            exif = b"" if _EXIF in new else exif
        file.seek(end)
    if not in_scan:
        yield Edit(end, file.size)


def _segment_for(marker: int, head: bytes, exif: bytes) -> bytes | None:
    """What takes the place of a segment that begins like this; None for one that is kept."""
    if marker < 0xE0 and (marker != jpeg.NUMBER_OF_LINES or len(head) == 2):
        return None  # tables, frames and scans; decoders skip a number of lines, however long
    if marker == 0xE2 and head.startswith(b"ICC_PROFILE\0"):
        return None
    if marker == 0xE0 and head.startswith(b"JFIF\0") and len(head) == _JFIF:
        return _segment(marker, head[:-2] + b"\0\0")  # without a thumbnail
    if marker == 0xEE and head.startswith(b"Adobe") and len(head) >= _ADOBE:
        return _segment(marker, head[:_ADOBE])  # how its colours are coded
    if marker == jpeg.APPLICATION_1 and head.startswith(_EXIF[:5]) and exif:
        return _segment(marker, _EXIF + exif)
    return b""


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _of_png(file: File[bytes], exif: bytes) -> Iterator[Edit]:
    for kind, length in png.chunks(file):
        start = file.tell() - 8
        end = min(file.size, start + length + 12)
        if kind == b"IEND":
            yield Edit(start, file.size, _chunk(kind, b""))
            return
        if kind == b"eXIf" and exif:
            yield Edit(start, end, _chunk(kind, exif))
            exif = b""
        elif length > _KEPT_IN_PNG.get(kind, -1):
            yield Edit(start, end)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _of_webp(file: File[bytes], exif: bytes) -> Iterator[Edit]:
    header = file.read(12)
    size = min(file.size, 8 + int.from_bytes(header[4:8], "little"))
    edits, place, steps = [], 12, _Steps(file)
    while place + 8 <= size:
        steps.take()
        file.seek(place)
        kind, length, flags = struct.unpack("<4sIB", file.read(9).ljust(9, b"\0"))
        end = min(size, place + 8 + length + length % 2)
        if kind == b"VP8X":
            flags = flags & ~(_HAS_EXIF | _HAS_XMP) | (_HAS_EXIF if exif else 0)
            edits.append(Edit(place + 8, place + 9, bytes([flags])))
        elif kind == b"EXIF" and exif:
            edits.append(Edit(place, end, struct.pack("<4sI", kind, len(exif)) + exif))
            exif = b""
        elif kind not in _KEPT_IN_WEBP:
            edits.append(Edit(place, end))
        elif kind == b"ANMF":
            edits += _of_frame(file, place, end, steps)
        place = end
    edits.append(Edit(place, file.size))
    size = file.size - 8 + sum(len(edit.new) - (edit.end - edit.start) for edit in edits)
    yield Edit(4, 8, struct.pack("<I", size))
    yield from edits


def _of_frame(file: File[bytes], start: int, end: int, steps: _Steps) -> list[Edit]:
    """Of one frame of a WebP, which has chunks of its own."""
    edits, place = [], start + 24
    while place < end:
        steps.take()
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8).ljust(8, b"\0"))
        after = min(end, place + 8 + length + length % 2)
        if kind not in _KEPT_IN_FRAME:
            edits.append(Edit(place, after))
        place = after
    length = end - start - 8 - sum(edit.end - edit.start for edit in edits)
    return [Edit(start + 4, start + 8, struct.pack("<I", length)), *edits] if edits else []


def _of_gif(file: File[bytes], _exif: bytes) -> Iterator[Edit]:
    steps = _Steps(file)
    place = 13 + _table(file.read(13)[10])
    while place < file.size:
        steps.take()
        file.seek(place)
        block = file.read(15)
        end = place + 1
        if block[0] == 0x2C and len(block) >= 10:  # a frame, its colours and the size of its codes
            end = steps.behind_blocks(place + 11 + _table(block[9]))
        elif block[0] == 0x21:
            end = steps.behind_blocks(place + 2)
            kept = _kept_of(block)
            if kept is not None and place + kept < end - 1:
                yield Edit(place + kept, end, b"\0" if kept else b"")
        elif block[0] == 0x3B:
            break
        elif block[0]:
            yield Edit(place, end)  # decoders skip it
        place = end
    yield Edit(min(place + 1, file.size), file.size)


def _kept_of(extension: bytes) -> int | None:
    """How many bytes of an extension remain, without its end; None for all of it."""
    if extension[1:2] in _WITH_ONE_BLOCK:
        return 3 + int.from_bytes(extension[2:3])  # a text itself, which no decoder draws, goes
    if extension[1:2] == b"\xff" and extension[3:14] in _WITH_LOOP:
        return 15 + int.from_bytes(extension[14:15])
    return None if extension[1:2] == b"\xff" and extension[3:14] == _PROFILE else 0


def _table(flags: int) -> int:
    """The bytes of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


class _Steps:
    """Limits how many parts of a file are looked at."""

    def __init__(self, file: File[bytes]) -> None:
        self._file = file
        self._left = _MORE_STEPS + file.size // 64

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise too_complex()

    def behind_blocks(self, place: int) -> int:
        """The place behind the blocks of a GIF that begin at ``place``; the last one is empty."""
        while True:
            self.take()
            self._file.seek(place)
            length = self._file.read(1)
            if not length:
                return self._file.size
            place += 1 + length[0]
            if length == b"\0":
                return place


_EDITS: Final[Mapping[OriginalFormat, Callable[[File[bytes], bytes], Iterator[Edit]]]] = {
    "JPEG": _of_jpeg,
    "PNG": _of_png,
    "WEBP": _of_webp,
    "GIF": _of_gif,
    "AVIF": edits_of_avif,
}
