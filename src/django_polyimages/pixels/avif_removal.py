"""What to replace in an AVIF so that its metadata are gone and nothing else moves.

The file says where each of its parts is, counted from its beginning. So the data of metadata become
zeros, and their items get the type ``free``, which decoders do not know and leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, TypeVar

from django.core.files.base import File

from django_polyimages.pixels.parts import damaged
from django_polyimages.pixels.samples import boxes, boxes_of, locations_of, types_of
from django_polyimages.pixels.splicing import Edit

_PICTURES: Final = {b"ftyp", b"mdat"}
_PRIVATE_ITEMS: Final = {b"Exif", b"mime", b"uri "}  # XMP is an item of the type ``mime``
_PRIVATE_BOXES: Final = {b"udta", b"uuid", b"xml ", b"bxml", b"free", b"skip"}
_WITH_TIMES: Final = {b"mvhd", b"tkhd", b"mdhd"}
_WITH_BOXES: Final = {b"trak", b"mdia", b"minf", b"stbl"}
_IN_FILE, _IN_BOX = 0, 1  # construction methods
_Range = tuple[int, int, bool]
"""From where to where in the file, and whether it is private."""
_Boxes = list[tuple[bytes, memoryview]]
_Entry = TypeVar("_Entry")
_ZEROS: Final = bytes(64 * 1024)


def edits_of_avif(file: File[bytes], _exif: bytes) -> Iterator[Edit]:
    """The edits that remove the metadata; the orientation is a property of the picture."""
    edits: list[Edit] = []
    ranges: list[_Range] = []
    end = 0
    for kind, start, end in boxes_of(file):
        if kind in (b"meta", b"moov") and end <= file.size:
            file.seek(start)
            body = bytearray(file.read(end - start))
            found = _clean_meta if kind == b"meta" else _clean_movie
            ranges += found(memoryview(body))
            edits.append(Edit(start, end, bytes(body)))
        elif kind not in _PICTURES:
            ranges.append((start, end, True))
    edits += _zeros(ranges, file.size)
    edits.append(Edit(min(end, file.size), file.size))  # what is no box
    yield from sorted(edits, key=lambda edit: edit.start)


def _clean_meta(meta: memoryview) -> list[_Range]:
    """Remove what the box ``meta`` holds; the ranges of what it does not hold."""
    found = _clean_boxes(meta[4:])  # after version and flags
    private = set()
    for item, kind in _entries(found, b"iinf", types_of):
        if bytes(kind) in _PRIVATE_ITEMS:
            private.add(item)
            kind[:] = b"free"
    ranges: list[_Range] = []
    for item, method, extents in _entries(found, b"iloc", locations_of):
        if method == _IN_FILE:
            ranges += [(start, start + length, item in private) for start, length in extents]
        elif item in private:
            if method != _IN_BOX:
                raise damaged()  # metadata inside of another item; nobody writes that
            [data] = [body for kind, body in found if kind == b"idat"]
            for start, length in extents:
                _clear(data[start : start + length if length else None])
    return ranges


def _entries(
    found: _Boxes, wanted: bytes, entries_of: Callable[[memoryview], Iterator[_Entry]]
) -> Iterator[_Entry]:
    return chain.from_iterable(entries_of(body) for kind, body in found if kind == wanted)


def _clean_movie(movie: memoryview) -> list[_Range]:
    ranges = []
    for kind, body in _clean_boxes(movie):
        if kind == b"meta":
            ranges += _clean_meta(body)
        elif kind in _WITH_BOXES:
            ranges += _clean_movie(body)
    return ranges


def _clean_boxes(body: memoryview) -> _Boxes:
    """Clear the boxes for metadata, and the times of creation; all boxes."""
    found = list(boxes(body))
    for kind, inner in found:
        if kind in _PRIVATE_BOXES:
            _clear(inner)
        elif kind in _WITH_TIMES:
            _clear(inner[4 : 20 if inner[0] else 12])
    return found


def _clear(body: memoryview) -> None:
    body[:] = bytes(len(body))


def _zeros(ranges: Iterable[_Range], most: int) -> Iterator[Edit]:
    """Zeros in the place of the private ranges, which may overlap or end beyond the file.

    Raises ``InvalidImage`` if one of them overlaps one that is not private.
    """
    ends = {True: 0, False: 0}
    for first, last, is_private in sorted(ranges):
        if first == last:
            continue
        if first < ends[not is_private]:
            raise damaged()
        start, end = max(first, ends[True]), min(last, most)
        for place in range(start, end, len(_ZEROS)) if is_private else ():
            length = min(len(_ZEROS), end - place)
            yield Edit(place, place + length, _ZEROS[:length])
        ends[is_private] = max(ends[is_private], last)
