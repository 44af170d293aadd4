from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageCms

from django_polyimages.pixels.colours import srgb
from django_polyimages.pixels.metadata import is_usable_profile, orientation_of
from tests.attacks import profile_bomb
from tests.drawing import swapped_srgb


def exif(
    order: str,
    value: int,
    *,
    kind: int = 3,
    entries: int | None = None,
    pad: int = 0,
    count: int = 1,
):
    """EXIF data with an orientation, before it ``pad`` other tags."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    other = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 7, 0)
    short = struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
    tag = struct.pack(f"{order}HHI", 0x0112, kind, count) + short
    number = struct.pack(f"{order}H", pad + 1 if entries is None else entries)
    return b"Exif\0\0" + head + number + other * pad + tag


class TestOrientation:
    @pytest.mark.parametrize("order", "<>")
    @pytest.mark.parametrize("kind", [3, 4])
    @pytest.mark.parametrize("value", range(1, 9))
    def test_is_read_in_both_byte_orders_and_kinds(self, order, kind, value):
        assert orientation_of(exif(order, value, kind=kind)) == value

    def test_is_no_fraction(self):
        assert orientation_of(exif("<", 6, kind=5)) == 1

    @pytest.mark.parametrize("value", range(1, 9))
    def test_is_that_which_pillow_writes(self, value):
        written = Image.Exif()
        written[0x010F] = "Camera maker"
        written[0x0112] = value
        assert orientation_of(written.tobytes()) == value

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"Exif\0\0",
            b"Exif\0\0XX*\0",
            exif("<", 0),
            exif("<", 9),
            exif("<", 6, kind=2),
            exif("<", 6, count=0),
            exif("<", 6, count=2**31),  # so many values are not in the tag itself
            exif("<", 6)[:-3],
            exif("<", 6, pad=3)[:40],
            exif("<", 6, pad=1000),  # after a thousand tags
            exif("<", 6) + bytes(64 * 1024),  # too large
            b"Exif\0\0II*\0\xff\xff\xff\xff",
        ],
    )
    def test_is_none_where_it_cannot_be_read(self, data):
        assert orientation_of(data) == 1

    def test_is_found_after_other_tags(self):
        assert orientation_of(exif(">", 8, pad=999)) == 8


def with_tag(profile: bytes, signature: bytes) -> bytes:
    """The profile with its first tag under another name."""
    return profile[:132] + signature + profile[136:]


class TestProfile:
    def test_of_a_camera_or_a_screen_is_usable(self):
        for name in ("sRGB", "LAB", "XYZ"):
            profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(name))
            assert is_usable_profile(profile.tobytes())

    @pytest.mark.parametrize("signature", [b"D2B0", b"D2B3", b"B2D0", b"B2D2"])
    def test_with_a_pipeline_is_not_used(self, signature):
        profile = with_tag(swapped_srgb(), signature)
        assert not is_usable_profile(profile)
        red = Image.new("RGB", (4, 4), (255, 0, 0))
        assert srgb(red, profile).getpixel((0, 0)) == (255, 0, 0)
        assert srgb(red, swapped_srgb()).getpixel((0, 0)) != (255, 0, 0)

    def test_that_is_a_bomb_is_not_opened(self, monkeypatch):
        bomb = profile_bomb(20, 50)
        assert ImageCms.ImageCmsProfile(io.BytesIO(bomb)).profile.profile_description
        monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda *args: pytest.fail("was opened"))
        grey = Image.new("RGB", (4, 4), (9, 9, 9))
        assert srgb(grey, bomb).getpixel((0, 0)) == (9, 9, 9)

    def test_whose_tables_are_pipelines_is_not_used(self):
        profile = swapped_srgb()
        [offset] = struct.unpack_from(">I", profile, 136)
        assert not is_usable_profile(profile[:offset] + b"mpet" + profile[offset + 4 :])

    @pytest.mark.parametrize(
        "profile",
        [
            b"",
            bytes(131),
            bytes(128) + b"\xff\xff\xff\xff" + bytes(1000),
            swapped_srgb() + bytes(4 * 1024 * 1024),
        ],
    )
    def test_that_is_no_profile_or_too_large_is_not_used(self, profile):
        assert not is_usable_profile(profile)
