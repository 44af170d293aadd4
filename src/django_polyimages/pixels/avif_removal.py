"""What to replace in an AVIF so that its metadata are gone and nothing else moves.

The file says where each of its parts is, counted from its beginning. So the data of metadata become
zeros, and their items get the type ``free``, which decoders do not know and leave out. What is kept
is listed here, and all else is metadata.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Final

from django.core.files.base import File

from django_polyimages.pixels.parts import damaged
from django_polyimages.pixels.samples import boxes, boxes_at, boxes_of, infos_of, locations_of
from django_polyimages.pixels.splicing import Edit

_KEPT_ITEMS: Final = {b"av01", b"grid", b"iovl", b"iden", b"tmap"}
_KEPT_NAMES: Final = {b"Color", b"Alpha", b"GMap"}  # which libavif gives to all items
_KEPT_BOXES: Final = {
    *(b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"ipro", b"grpl", b"dinf"),
    *(b"mvhd", b"trak", b"tkhd", b"tref", b"edts", b"mdia", b"mdhd", b"minf", b"vmhd", b"nmhd"),
    *(b"stbl", b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stz2", b"stco", b"co64"),
    *(b"sdtp", b"sgpd", b"sbgp", b"cslg", b"padb", b"mvex", b"meta"),
}
_KEPT_PROPERTIES: Final = {
    *(b"av1C", b"ispe", b"pixi", b"colr", b"auxC", b"irot", b"imir", b"clap", b"pasp", b"clli"),
    *(b"mdcv", b"cclv", b"amve", b"a1op", b"a1lx", b"lsel", b"ndwt", b"reve"),
}
_WITH_TIMES: Final = {b"mvhd", b"tkhd", b"mdhd"}
_WITH_BOXES: Final = {b"trak", b"mdia", b"minf", b"stbl"}
_TO_THE_END: Final = 2**64
"""Where an item without a length ends."""
_IN_FILE, _IN_BOX = 0, 1  # construction methods
_Range = tuple[int, int, bool]
"""From where to where in the file, and whether it is private."""
_ZEROS: Final = bytes(64 * 1024)


def edits_of_avif(file: File[bytes], _exif: bytes) -> Iterator[Edit]:
    """The edits that remove the metadata; the orientation is a property of the picture."""
    edits: list[Edit] = []
    ranges: list[_Range] = []
    data: list[tuple[int, int]] = []
    animated, end = False, 0
    for kind, start, end in boxes_of(file):
        if kind in (b"meta", b"moov") and end <= file.size:
            file.seek(start)
            body = bytearray(file.read(end - start))
            found = _clean_meta if kind == b"meta" else _clean_movie
            ranges += found(memoryview(body))
            edits.append(Edit(start, end, bytes(body)))
            animated = animated or kind == b"moov"
        elif kind == b"mdat":
            data.append((start, end))
        elif kind != b"ftyp":
            ranges.append((start, end, True))
    if not animated:  # of an animation only the lists of its tracks know which bytes are pixels
        ranges += _unused(data, ranges)
    edits += _zeros(ranges, file.size)
    edits.append(Edit(min(end, file.size), file.size))  # what is no box
    yield from sorted(edits, key=lambda edit: edit.start)


def _clean_meta(meta: memoryview) -> list[_Range]:
    """Remove what the box ``meta`` holds; the ranges of what it does not hold."""
    body = meta[4:]  # after version and flags
    _clean_boxes(body)
    for properties in boxes_at(body, b"iprp", b"ipco"):
        _clean_boxes(properties, _KEPT_PROPERTIES)
    stored, thumbnails = list(boxes_at(body, b"idat")), set(_thumbnails(body))
    private = set()
    for item, info in chain.from_iterable(map(infos_of, boxes_at(body, b"iinf"))):
        if bytes(info[:4]) not in _KEPT_ITEMS or item in thumbnails:
            private.add(item)
            info[:4] = b"free"
        if bytes(info[4:]).rstrip(b"\0") not in _KEPT_NAMES:
            _clear(info[4:])
    ranges: list[_Range] = []
    for item, method, extents in chain.from_iterable(map(locations_of, boxes_at(body, b"iloc"))):
        if method == _IN_FILE:
            ranges += [(start, start + length, item in private) for start, length in extents]
        elif item in private:
            if method != _IN_BOX:
                raise damaged()  # metadata inside of another item; nobody writes that
            [data] = stored
            for start, length in extents:
                _clear(data[start : start + length if length else None])
    return ranges


def _thumbnails(meta: memoryview) -> Iterator[int]:
    """The ids of items that are small pictures of others (8.11.12)."""
    for body in boxes_at(meta, b"iref"):
        for reference in boxes_at(body[4:], b"thmb"):
            yield int.from_bytes(reference[: 4 if body[0] else 2], "big")


def _clean_movie(movie: memoryview) -> list[_Range]:
    ranges = []
    for kind, body in _clean_boxes(movie):
        if kind == b"meta":
            ranges += _clean_meta(body)
        elif kind in _WITH_BOXES:
            ranges += _clean_movie(body)
    return ranges


def _clean_boxes(
    body: memoryview, kept: Collection[bytes] = _KEPT_BOXES
) -> list[tuple[bytes, memoryview]]:
    """Clear the boxes that are none of ``kept``, names and the times of creation; all boxes."""
    found = list(boxes(body))
    for kind, inner in found:
        if kind not in kept:
            _clear(inner)
        elif kind == b"hdlr":
            _clear(inner[24:])
        elif kind in _WITH_TIMES:
            _clear(inner[4 : 20 if inner[0] else 12])
    return found


def _clear(body: memoryview) -> None:
    body[:] = bytes(len(body))


def _unused(data: Iterable[tuple[int, int]], ranges: Iterable[_Range]) -> list[_Range]:
    """What belongs to no item, such as metadata that an editor has only taken off the list."""
    used = sorted((first, last) for first, last, is_private in ranges if not is_private)
    unused: list[_Range] = []
    number = reached = 0
    for start, end in data:
        place = max(start, reached)
        while number < len(used) and used[number][0] < end:
            first, last = used[number]
            if place < first:
                unused.append((place, first, True))
            reached = max(reached, last if last > first else _TO_THE_END)
            place, number = max(place, reached), number + 1
        if place < end:
            unused.append((place, end, True))
    return unused


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
