from __future__ import annotations

import struct

import pytest
from django.core.files.base import ContentFile

from django_polyimages.pixels.samples import boxes, samples_of_items, samples_of_tracks
from tests.attacks import box

FILE = ContentFile(b"0123456789abcdef")
INFOS = {
    2: box(b"iinf", bytes(5) + b"\2" + box(b"infe", b"\2\0\0\0" + b"\0\7\0\0av01\0"))
    + box(b"free", b""),
    3: box(b"iinf", b"\1" + bytes(6) + b"\2" + box(b"infe", b"\3\0\0\0" + b"\0\0\0\7\0\0av01\0")),
}


def locations(method: int, *extents: tuple[int, int], item: int = 7) -> bytes:
    entry = struct.pack(">HHHIH", item, method, 0, 2, len(extents))  # from base offset 2 on
    entry += b"".join(struct.pack(">II", *extent) for extent in extents)
    return box(b"iloc", b"\1\0\0\0" + b"\x44\x40" + b"\0\1" + entry)


@pytest.mark.parametrize("infos", INFOS.values())
def test_an_item_has_its_extents_one_after_the_other(infos):
    meta = infos + locations(0, (0, 3), (8, 2))
    assert list(samples_of_items(FILE, meta)) == [b"234ab"]


def test_an_item_may_be_in_the_box_itself():
    meta = INFOS[2] + locations(1, (1, 2)) + box(b"idat", b"ABCDEFG")
    assert list(samples_of_items(FILE, meta)) == [b"DE"]


@pytest.mark.parametrize(("extent", "sample"), [((0, 0), b"23456789abcdef"), ((0, 15), b"")])
def test_no_length_means_to_the_end_and_what_is_cut_off_is_nothing(extent, sample):
    assert list(samples_of_items(FILE, INFOS[2] + locations(0, extent))) == [sample]


def test_items_of_other_types_are_left_out():
    assert list(samples_of_items(FILE, INFOS[2] + locations(0, (0, 3), item=8))) == []
    assert list(samples_of_items(FILE, b"")) == []


def test_a_list_that_is_cut_off_is_an_error():
    with pytest.raises(ValueError, match="cut off"):
        list(samples_of_items(FILE, box(b"iloc", b"\1\0\0\0\x44\x40\0\2")))


@pytest.mark.parametrize(
    "offsets",
    [
        box(b"stco", bytes(4) + struct.pack(">II", 1, 10)),
        box(b"co64", bytes(4) + struct.pack(">IQ", 1, 10)),
    ],
)
@pytest.mark.parametrize("sizes", [struct.pack(">II", 3, 1), struct.pack(">IIII", 0, 2, 3, 9)])
def test_a_track_begins_with_its_first_frame(offsets, sizes):
    table = box(b"stbl", offsets + box(b"stsz", bytes(4) + sizes))
    movie = box(b"mvhd", b"") + box(b"trak", box(b"mdia", box(b"minf", table)))
    assert list(samples_of_tracks(FILE, movie)) == [b"abc"]


def test_a_track_without_frames_has_none():
    assert list(samples_of_tracks(FILE, box(b"trak", b""))) == []


def test_a_box_may_have_a_size_of_64_bits():
    long = struct.pack(">I4sQ", 1, b"iloc", 18) + b"ab"
    assert list(boxes(long + box(b"free", b"c"))) == [(b"iloc", b"ab"), (b"free", b"c")]
    assert list(boxes(struct.pack(">I4sQ", 1, b"iloc", 15) + b"ab")) == []
