from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image, ImageCms
from PIL.ImageCms import ImageCmsProfile

from tests.builders import small_of
from tests.drawing import (
    QUARTERS,
    chunk,
    corners,
    looks_like,
    png,
    quarters,
    swapped_srgb,
    to_bytes,
)

SWAPPED = [(c[2], c[1], c[0]) for c in QUARTERS]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_colours_of_an_embedded_profile_become_srgb(format):
    options = {"quality": 95} if format != "PNG" else {}
    content = to_bytes(quarters(), format, icc_profile=swapped_srgb(), **options)
    assert looks_like(corners(small_of(content)), SWAPPED, within=15)


def test_a_profile_on_a_transparent_picture_keeps_its_transparency():
    picture = quarters(mode="RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    made = small_of(to_bytes(picture, "PNG", icc_profile=swapped_srgb()))
    assert made.mode == "RGBA"
    assert made.getpixel((50, 2))[3] < 20
    assert made.getpixel((50, 72))[3] > 235
    assert looks_like(corners(made)[2:], SWAPPED[2:], within=20)


@pytest.mark.parametrize(
    "profile",
    [b"noise" * 40, b"\0" * 128, ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
)
def test_a_profile_that_cannot_be_used_is_ignored(profile):
    content = to_bytes(quarters(), quality=95, icc_profile=profile)
    assert looks_like(corners(small_of(content)), QUARTERS, within=15)


def test_a_profile_is_used_whatever_it_calls_itself():
    """Many that are not sRGB have it in their description: linear ones, scanners' ones."""
    profile = swapped_srgb(name="sRGB")
    content = to_bytes(quarters(), quality=95, icc_profile=profile)
    assert looks_like(corners(small_of(content)), SWAPPED, within=15)


def grey_profile() -> bytes:
    """The smallest grey ICC profile there is: a header, the white point and a gamma of 1."""
    white = b"XYZ \0\0\0\0" + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0100) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(83)
    tags, data = b"", b""
    for name, tag in ((b"wtpt", white), (b"kTRC", curve), (b"desc", text)):
        tags += name + struct.pack(">II", 128 + 4 + 3 * 12 + len(data), len(tag))
        data += tag
    body = struct.pack(">I", 3) + tags + data
    size = struct.pack(">I", 128 + len(body))
    header = size + bytes(4) + b"\x02\x10\0\0" + b"mntrGRAYXYZ " + bytes(12) + b"acsp"
    return header.ljust(68, b"\0") + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D) + bytes(48) + body


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_linear_profile_becomes_lighter(mode):
    """Light of half the strength is 188 of 255 in sRGB (IEC 61966-2-1)."""
    picture = Image.new("L", (50, 50), 128).convert(mode)
    made = small_of(to_bytes(picture, "PNG", icc_profile=grey_profile()))
    assert looks_like([made.getpixel((25, 25))[:3]], [(188, 188, 188)], within=4)


def test_srgb_is_left_alone():
    profile = ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = to_bytes(quarters(), quality=95, icc_profile=profile)
    assert looks_like(corners(small_of(content)), QUARTERS, within=15)


def test_cmyk_becomes_rgb():
    content = to_bytes(quarters(mode="CMYK"), quality=95)
    made = small_of(content)
    assert made.mode == "RGB"
    assert looks_like(corners(made), QUARTERS, within=20)


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGB", "RGBA", "1"])
@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_every_mode_keeps_its_look(mode, format):
    original = quarters(mode="P" if mode == "P" else mode)
    made = small_of(to_bytes(original, format, **({"quality": 95} if format == "WEBP" else {})))
    wanted = small_of(to_bytes(original.convert("RGB"), "PNG"))
    assert made.mode == "RGB"
    # GIF has 256 colours of Pillow's choice
    assert looks_like(corners(made), corners(wanted), within=30 if format == "GIF" else 12)


@pytest.mark.parametrize(("value", "grey"), [(0, 0), (300, 1), (32768, 128), (65535, 255)])
def test_16_bit_grey_is_scaled_and_not_clipped(value, grey):
    content = to_bytes(Image.new("I;16", (50, 50), value), "PNG")
    assert looks_like([small_of(content).getpixel((25, 25))], [(grey,) * 3], within=2)


@pytest.mark.parametrize("colour", [2, 6])
def test_16_bit_colour_is_scaled(colour):
    pixel = b"\x80\x00\x40\x00\xff\xff" + (b"\xff\xff" if colour == 6 else b"")
    content = png(40, 40, depth=16, colour=colour, rows=(b"\0" + pixel * 40) * 40)
    assert looks_like([small_of(content).getpixel((20, 20))[:3]], [(128, 64, 255)], within=6)


@pytest.mark.parametrize(
    ("depth", "clear", "row"),
    [
        (1, 0, b"\x0f\xff"),
        (1, 1, b"\xf0\x00"),
        (2, 0, b"\x00\x00\xff\xff"),
        (2, 1, b"\x55\x55\xff\xff"),
        (4, 5, b"\x55" * 4 + b"\xff" * 4),
        (8, 7, b"\x07" * 8 + b"\xff" * 8),
        (16, 300, b"\x01\x2c" * 8 + b"\xff" * 16),
    ],
)
def test_grey_of_any_depth_with_a_transparent_value(depth, clear, row):
    """The left half has the value that the file calls transparent, the right half another."""
    transparent = chunk(b"tRNS", clear.to_bytes(2, "big"))
    made = small_of(png(16, 16, depth=depth, rows=(b"\0" + row) * 16, extra=transparent))
    assert made.mode == "RGBA"
    assert made.getpixel((1, 8))[3] < 30
    assert made.getpixel((14, 8))[3] > 225


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_of_any_depth(depth):
    size = depth // 8
    clear = b"".join(value.to_bytes(2, "big") for value in ([9, 8, 7] if size == 1 else [2560] * 3))
    inside = bytes([9, 8, 7]) if size == 1 else (2560).to_bytes(2, "big") * 3
    row = b"\0" + inside * 8 + b"\xff" * 3 * size * 8
    made = small_of(png(16, 16, depth=depth, colour=2, rows=row * 16, extra=chunk(b"tRNS", clear)))
    assert made.getpixel((1, 8))[3] < 30
    assert made.getpixel((14, 8))[3] > 225


def test_a_palette_with_transparency():
    picture = quarters(mode="RGB").quantize(8)
    content = to_bytes(picture, "PNG", transparency=picture.getpixel((100, 75)))
    made = small_of(content)
    assert made.getpixel((25, 18))[3] == 0
    assert made.getpixel((75, 18))[3] == 255


def two_papers(intent: int) -> bytes:
    """A CMYK profile whose perceptual table makes all colours L* = 20, the colorimetric one 80."""
    linear = bytes(range(256))
    tags, data = b"", b""
    for name, lightness in ((b"A2B0", 51), (b"A2B1", 204)):
        matrix = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
        grid = bytes([lightness, 128, 128]) * 16
        table = b"mft1" + bytes(4) + b"\4\3\2\0" + matrix + 4 * linear + grid + 3 * linear
        tags += name + struct.pack(">II", 128 + 4 + 2 * 12 + len(data), len(table))
        data += table
    body = struct.pack(">I", 2) + tags + data
    header = struct.pack(">I", 128 + len(body)) + bytes(4) + b"\x02\x10\0\0prtrCMYKLab "
    header = header.ljust(36, b"\0") + b"acsp" + bytes(24) + struct.pack(">I", intent)
    return header + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D).ljust(60, b"\0") + body


@pytest.mark.parametrize(("intent", "grey"), [(1, 198), (2, 48), (3, 198)])
def test_the_intent_of_a_profile_is_the_one_it_declares(intent, grey):
    """In sRGB, L* = 20 is 48 of 255, and L* = 80 is 198 (CIE 15 and IEC 61966-2-1)."""
    content = to_bytes(quarters(mode="CMYK"), quality=95, icc_profile=two_papers(intent))
    assert looks_like(corners(small_of(content)), [(grey,) * 3] * 4, within=8)


def test_a_declared_intent_that_there_is_not_counts_as_perceptual():
    pictures = [
        small_of(to_bytes(quarters(mode="CMYK"), quality=95, icc_profile=two_papers(intent)))
        for intent in (0, 9)
    ]
    assert corners(pictures[0]) == corners(pictures[1]) == [(0, 0, 0)] * 4  # with its black point


@pytest.mark.parametrize("depth", [1, 8])
def test_grey_with_a_transparent_value_has_the_colours_of_its_profile(depth):
    content = png(8, 8, depth=depth, rows=(b"\0" + (b"\xf0" if depth == 1 else b"\x80" * 8)) * 8,
                  extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(grey_profile()))
                  + chunk(b"tRNS", b"\0\0"))  # fmt: skip
    made = small_of(content)
    wanted = (255,) * 3 if depth == 1 else (188,) * 3
    assert looks_like([made.getpixel((1, 4))[:3]], [wanted], within=4)
