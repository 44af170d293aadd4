"""The boxes of an AVIF file, and where it has the data of its items and the first frames of tracks.

Raises ``ValueError``, ``IndexError`` or ``struct.error`` for boxes that are not as they have to be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeVar

from django.core.files.base import File

_Extent = tuple[int, int]
_Bytes = TypeVar("_Bytes", bytes, memoryview)


def boxes_of(file: File[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """The type of each box of ``file``, where its content begins, and where it claims to end."""
    position = 0
    while position < file.size:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header[:8])
        start = position + 8
        if size == 1 and len(header) == 16:
            [size] = struct.unpack(">Q", header[8:])
            start += 8
        elif size == 0:
            size = file.size - position
        if size < 8:
            return
        position += size
        yield kind, start, position


def boxes(body: _Bytes) -> Iterator[tuple[bytes, _Bytes]]:
    """The type and content of each box inside of another; of a ``memoryview`` parts of that."""
    place = 0
    while place + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, place)
        start = place + 8
        if size == 1 and place + 16 <= len(body):
            [size] = struct.unpack_from(">Q", body, start)
            start += 8
        if size < start - place:
            return
        yield kind, body[start : place + size]
        place += size


def samples_of_items(file: File[bytes], meta: bytes) -> Iterator[bytes]:
    """The data of each item of AV1 (ISO/IEC 14496-12, 8.11.3 and 8.11.6)."""
    found = _first_boxes(meta)
    wanted = {item for item, info in infos_of(found.get(b"iinf", b"")) if info[:4] == b"av01"}
    rest = file.size
    for item, method, extents in locations_of(found.get(b"iloc", b"")):
        if item in wanted and method < 2:
            stored = found.get(b"idat", b"")
            whole = len(stored) if method else file.size
            rest -= sum(length or max(0, whole - start) for start, length in extents)
            if rest < 0:
                raise ValueError("items that have more bytes together than the file")
            parts = (
                stored[start : start + length or None] if method else _read(file, start, length)
                for start, length in extents
            )
            yield b"".join(parts)


def samples_of_tracks(file: File[bytes], movie: bytes) -> Iterator[bytes]:
    """The first frame of each track (8.7.3 and 8.7.5)."""
    for table in boxes_at(movie, b"trak", b"mdia", b"minf", b"stbl"):
        lists = _first_boxes(table)
        offsets = (lists.get(b"stco"), ">I") if b"stco" in lists else (lists.get(b"co64"), ">Q")
        sizes = lists.get(b"stsz")
        if offsets[0] and sizes:
            [start] = struct.unpack_from(offsets[1], offsets[0], 8)
            [length] = struct.unpack_from(">I", sizes, 4)
            yield _read(file, start, length or struct.unpack_from(">I", sizes, 12)[0])


def boxes_at(body: _Bytes, *path: bytes) -> Iterator[_Bytes]:
    """The content of each box at this path. libavif takes the lists of a track from all of them."""
    for kind, inner in boxes(body):
        if kind == path[0]:
            yield from boxes_at(inner, *path[1:]) if path[1:] else (inner,)


def _first_boxes(body: bytes) -> dict[bytes, bytes]:
    return dict(reversed(list(boxes(body))))


def infos_of(body: _Bytes) -> Iterator[tuple[int, _Bytes]]:
    """The id of each item in the box ``iinf`` (8.11.6), and its type with the name and other texts
    behind it.
    """
    if not body:
        return
    for kind, entry in boxes(body[8 if body[0] else 6 :]):
        if kind == b"infe" and entry[0] in (2, 3):
            wide = entry[0] == 3
            item, _protection, _type = struct.unpack_from(">IH4s" if wide else ">HH4s", entry, 4)
            yield item, entry[10 if wide else 8 :]


def locations_of(body: bytes | memoryview) -> Iterator[tuple[int, int, list[_Extent]]]:
    """The id, construction method and extents of each item in the box ``iloc`` (8.11.3)."""
    if not body:
        return
    version, sizes = body[0], int.from_bytes(body[4:6], "big")
    widths = [sizes >> shift & 15 for shift in (12, 8, 4, 0)]
    numbers = _Numbers(body, 6)
    wide = 4 if version == 2 else 2
    for _item in range(numbers.read(wide)):
        item = numbers.read(wide)
        method = numbers.read(2) & 15 if version else 0
        numbers.read(2)
        base = numbers.read(widths[2])
        extents = []
        for _extent in range(numbers.read(2)):
            numbers.read(widths[3] if version else 0)
            extents.append((base + numbers.read(widths[0]), numbers.read(widths[1])))
        yield item, method, extents


class _Numbers:
    def __init__(self, body: bytes | memoryview, place: int) -> None:
        self._body, self._place = body, place

    def read(self, width: int) -> int:
        start, self._place = self._place, self._place + width
        if self._place > len(self._body):
            raise ValueError("a list that is cut off")
        return int.from_bytes(self._body[start : self._place], "big")


def _read(file: File[bytes], start: int, length: int) -> bytes:
    """Bytes of the file, to its end without a length; none if it is cut off: no decoder starts."""
    if start + length > file.size:
        return b""
    file.seek(start)
    content: bytes = file.read(length or file.size)
    return content
