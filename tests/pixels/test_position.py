from __future__ import annotations

import io
import struct

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages.pixels.metadata import has_latitude
from django_polyimages.pixels.position import has_position
from tests.drawing import photo

LATITUDE = (52.0, 31.0, 12.0)


def file_of(name: str, gps: dict[int, object]) -> ContentFile:
    """A picture of this format with GPS data, as Pillow writes them."""
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825).update(gps)
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, name, exif=exif)
    return ContentFile(buffer.getvalue())


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF"])
class TestOfAFormat:
    def test_a_position_is_found(self, name):
        assert has_position(file_of(name, {1: "N", 2: LATITUDE, 3: "E", 4: LATITUDE}))

    def test_a_camera_without_a_signal_writes_no_position(self, name):
        assert not has_position(file_of(name, {0: b"\2\3\0\0", 1: "N"}))

    def test_no_exif_data_have_no_position(self, name):
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16)).save(buffer, name)
        assert not has_position(ContentFile(buffer.getvalue()))


def test_a_gif_has_none_and_a_damaged_file_neither():
    buffer = io.BytesIO()
    Image.new("P", (16, 16)).save(buffer, "GIF")
    assert not has_position(ContentFile(buffer.getvalue()))
    assert not has_position(ContentFile(b"no picture"))
    assert not has_position(ContentFile(photo()[:100]))


def test_a_table_that_is_nowhere_holds_nothing():
    nowhere = struct.pack("<HHII", 0x8825, 4, 1, 0)
    assert not has_latitude(b"II*\0" + struct.pack("<IH", 8, 1) + nowhere)


def test_a_table_that_refers_to_itself_ends():
    entry = struct.pack("<HHII", 0x8825, 4, 1, 8)
    loop = b"II*\0" + struct.pack("<IH", 8, 1) + entry
    assert not has_latitude(loop)
    assert not has_latitude(loop[:20])
    assert not has_latitude(b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + entry * 2000)
