from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages import InvalidImage
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.parts import check_parts
from tests import attacks
from tests.drawing import chunk, photo, png, quarters, to_bytes

BOMBS = {
    "scans": attacks.scan_bomb(120, 64, 64),
    "scans of many pixels": attacks.scan_bomb(31, 7000, 7000),
    "items": attacks.avif(attacks.item_infos(1001)),
    "a meta box of 1.7 MB": attacks.avif(attacks.item_infos(80_000)),
    "locations": attacks.avif(attacks.item_locations(1001, 1)),
    "extents of no bytes": attacks.avif(attacks.item_locations(2, 65_535)),
    "references": attacks.avif(attacks.item_references(1001)),
    "properties": attacks.avif(attacks.item_properties(1001)),
    "property associations": attacks.avif(attacks.property_associations(1001)),
    "a moov box of 2 MB": attacks.avif() + attacks.box(b"moov", bytes(2_000_000)),
    "boxes": attacks.avif() + attacks.box(b"free", b"") * 19_998,
    "a moov box of more than 1 MiB": attacks.avif() + attacks.box(b"moov", bytes(1024**2 - 7)),
    "scans in a reserved segment": attacks.hidden_scans(10),
    "two meta boxes": attacks.avif() + attacks.avif(),
    "texts": png(
        8, 8, rows=bytes(72), extra=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 1000)) * 17
    ),
    "profiles": png(8, 8, rows=bytes(72), extra=chunk(b"iCCP", b"x\0\0") * 17),
    "EXIF segments": b"\xff\xd8" + b"\xff\xe1\x00\x08Exif\0\0" * 17,
    "tracks": attacks.avif() + attacks.box(b"moov", attacks.box(b"trak", b"") * 17),
    "segments": b"\xff\xd8" + b"\xff\xfe\x00\x07aaaaa" * 20_001,
}


@pytest.mark.parametrize("size", [2**64 - 1, 2**63 - 1, 2**62])
def test_a_box_that_ends_beyond_all_files_is_left_to_the_decoder(size):
    content = attacks.avif() + struct.pack(">I4sQ", 1, b"free", size)
    check_parts(ContentFile(content))


def test_extents_that_are_the_whole_file_many_times_are_not_read():
    content = attacks.overlapping_extents(900)
    tracemalloc.start()
    with pytest.raises(InvalidImage):
        inspect(ContentFile(content))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("size", [(65_536, 1), (1, 70_000)])
def test_a_side_that_is_too_long_is_refused(size):
    with pytest.raises(InvalidImage, match="Too wide or too high") as caught:
        inspect(ContentFile(to_bytes(Image.new("1", size), "PNG")))
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_a_decoder_sees_it(bomb, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("was opened"))
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(BOMBS[bomb]))
    assert caught.value.code == "too_complex"


@pytest.mark.parametrize(
    "content",
    [
        attacks.scan_bomb(80, 64, 64),
        attacks.avif() + attacks.box(b"free", b"") * 19_997,
        attacks.avif(attacks.item_infos(1000)),
        attacks.avif(attacks.item_locations(333, 2)),
        attacks.avif(attacks.item_references(999)),
        attacks.avif(attacks.item_properties(1000)),
        attacks.avif(attacks.property_associations(1000)),
        b"\xff\xd8" + b"\xff\xfe\x00\x07aaaaa" * 19_999,
        b"\xff\xd8" + b"\xff\xe1\x00\x08Exif\0\0" * 16,
        attacks.avif() + attacks.box(b"moov", attacks.box(b"trak", b"") * 16),
    ],
)
def test_the_limits_are_exact(content):
    check_parts(ContentFile(content))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_ordinary_files_pass_and_are_left_at_their_start(format):
    file = ContentFile(to_bytes(quarters(600, 400), format))
    check_parts(file)
    assert file.tell() == 0


def test_an_animated_avif_passes():
    buffer = io.BytesIO()
    frames = [quarters(64, 64).rotate(turn) for turn in range(0, 360, 10)]
    frames[0].save(buffer, "AVIF", save_all=True, append_images=frames[1:])
    check_parts(ContentFile(buffer.getvalue()))


def test_scans_after_the_first_picture_are_not_counted():
    """Motion photos and thumbnails have pictures of their own."""
    content = photo(64, 64) + attacks.scan_bomb(500, 64, 64)
    check_parts(ContentFile(content))


def test_scans_inside_of_a_segment_are_not_counted():
    thumbnail = attacks.scan_bomb(200, 16, 16)
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    check_parts(ContentFile(b"\xff\xd8" + segment + photo(64, 64)[2:]))


@pytest.mark.parametrize("format", ["JPEG", "AVIF"])
def test_a_file_cut_anywhere_is_left_to_the_decoder(format):
    content = to_bytes(quarters(64, 64), format)
    for end in range(0, min(len(content), 700)):
        check_parts(ContentFile(content[:end]))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_whether_the_pixels_come_in_scans_is_known(mode):
    picture = quarters(64, 64).convert(mode)
    assert not check_parts(ContentFile(to_bytes(picture))).in_scans
    assert check_parts(ContentFile(to_bytes(picture, progressive=True))).in_scans
    assert not check_parts(ContentFile(to_bytes(picture) + attacks.scan_bomb(5, 64, 64))).in_scans


def test_a_single_scan_of_one_of_three_channels_is_not_all():
    """libjpeg holds the coefficients then, and waits for the others."""
    content = bytearray(photo(64, 64))
    scan = content.index(b"\xff\xda")
    content[scan : scan + 14] = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(4)
    assert check_parts(ContentFile(bytes(content))).in_scans
