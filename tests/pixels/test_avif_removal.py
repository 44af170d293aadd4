from __future__ import annotations

import struct

import pytest
from django.core.files.base import ContentFile

from django_polyimages import InvalidImage
from django_polyimages.pixels.avif_removal import edits_of_avif
from django_polyimages.pixels.splicing import spliced
from tests.attacks import avif, box

SECRET, PIXELS = b"SECRET", b"PIXELS"


def cleaned(content: bytes) -> bytes:
    file = ContentFile(content)
    return spliced(file, edits_of_avif(file, b"")).read()


def info(item: int, kind: bytes) -> bytes:
    return box(b"infe", struct.pack(">IHH4s", 2 << 24, item, 0, kind) + b"\0")


def location(item: int, start: int, length: int, method: int = 0) -> bytes:
    return struct.pack(">HHHHII", item, method, 0, 1, start, length)


def items(*kinds: bytes, locations: list[bytes], data: bytes = b"") -> bytes:
    """The boxes of ``meta`` that list items, with ids from 1 on."""
    infos = b"".join(info(number + 1, kind) for number, kind in enumerate(kinds))
    entries = struct.pack(">IHH", 1 << 24, 0x4400, len(locations)) + b"".join(locations)
    idat = box(b"idat", data) if data else b""
    listed = struct.pack(">IH", 0, len(kinds)) + infos
    return box(b"iinf", listed) + box(b"iloc", entries) + idat


START = len(avif(items(b"av01", b"Exif", locations=[location(1, 0, 0)] * 2))) + 8


@pytest.mark.parametrize("kind", [b"Exif", b"mime", b"uri "])
def test_the_data_of_metadata_become_zeros_and_nothing_moves(kind):
    locations = [location(1, START, 6), location(2, START + 6, 6)]
    content = avif(items(b"av01", kind, locations=locations)) + box(b"mdat", PIXELS + SECRET)
    found = cleaned(content)
    assert found.endswith(PIXELS + bytes(6))
    assert len(found) == len(content)
    assert kind not in found
    assert found[:-6].replace(b"free", kind) == content[:-6]


def test_metadata_in_the_box_itself_become_zeros():
    locations = [location(1, 0, 6, method=1), location(2, 6, 0, method=1)]
    content = avif(items(b"av01", b"Exif", locations=locations, data=PIXELS + SECRET))
    assert cleaned(content).endswith(PIXELS + bytes(6))


def test_pixels_are_never_replaced():
    locations = [location(1, START, 6), location(2, START + 5, 6)]
    content = avif(items(b"av01", b"Exif", locations=locations)) + box(b"mdat", PIXELS + SECRET)
    with pytest.raises(InvalidImage):
        cleaned(content)


def test_metadata_inside_of_another_item_are_refused():
    with pytest.raises(InvalidImage):
        cleaned(avif(items(b"av01", b"Exif", locations=[location(2, 0, 6, method=2)])))


def test_a_track_has_metadata_of_its_own():
    begin = len(avif()) + 8
    meta = box(b"meta", bytes(4) + items(b"mime", locations=[location(1, begin, 6)]))
    track = box(b"trak", meta + box(b"mdia", box(b"mdhd", b"\0" * 4 + SECRET + b"xx" + b"rest")))
    movie = box(b"moov", box(b"mvhd", b"\1\0\0\0" + SECRET * 2 + b"more" + b"rest") + track)
    found = cleaned(avif() + box(b"mdat", SECRET) + movie + box(b"udta", SECRET))
    assert SECRET not in found
    assert found.count(b"rest") == 2


@pytest.mark.parametrize("kind", [b"udta", b"uuid", b"xml ", b"bxml", b"prvt"])
def test_boxes_for_metadata_are_cleared_wherever_they_are(kind):
    inside = box(kind, SECRET)
    content = avif(inside) + box(b"moov", box(b"trak", inside) + inside) + inside
    found = cleaned(content)
    assert SECRET not in found
    assert len(found) == len(content)


def test_a_large_box_is_cleared_to_its_end_and_what_is_no_box_goes():
    large = box(b"uuid", b"x" * 200_000)
    assert cleaned(avif() + large + b"\0\0\0\3" + SECRET) == avif() + box(b"uuid", bytes(200_000))


def test_overlapping_metadata_become_zeros_once():
    locations = [location(1, START, 9), location(2, START + 3, 900)]
    content = avif(items(b"Exif", b"mime", locations=locations)) + box(b"mdat", SECRET * 2)
    assert cleaned(content).endswith(b"mdat" + bytes(12))


def test_what_belongs_to_no_item_becomes_zeros():
    begin = len(avif(items(b"av01", b"av01", locations=[location(1, 0, 0)] * 2))) + 8
    kept = [location(1, begin + 6, 6), location(2, begin + 10, 8)]
    data = SECRET + PIXELS + PIXELS + SECRET
    content = avif(items(b"av01", b"av01", locations=kept)) + box(b"mdat", data)
    found = cleaned(content + box(b"mdat", SECRET))
    assert found.endswith(bytes(6) + 2 * PIXELS + bytes(6) + box(b"mdat", bytes(6)))


def test_an_item_without_a_length_is_kept_to_the_end():
    begin = len(avif(items(b"av01", locations=[location(1, 0, 0)]))) + 8
    content = avif(items(b"av01", locations=[location(1, begin + 6, 0)]))
    found = cleaned(content + box(b"mdat", SECRET + PIXELS))
    assert found.endswith(bytes(6) + PIXELS)
