from __future__ import annotations

import struct
import zlib

import pytest
from django.core.files.base import ContentFile
from PIL import Image, PngImagePlugin

from django_polyimages import VersionSpec
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.png import SIGNATURE, chunks, declarations, exif_of
from tests.builders import small_of, versions_of
from tests.drawing import QUARTERS, chunk, corners, looks_like, png, quarters, to_bytes

COLOURS = [
    (0, 0, 0), (30, 30, 30), (64, 128, 192), (128, 128, 128), (200, 50, 20),
    (10, 220, 90), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255),
]  # fmt: skip
BT709 = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB = chunk(b"sRGB", b"\0")


def gAMA(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def cHRM(*values: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values)))


def cICP(primaries: int, transfer: int, *, full: int = 1) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, full]))


def swatches(extra: bytes, colour: int = 2) -> bytes:
    """A row of ``COLOURS``, or of their green alone as grey."""
    row = b"".join(bytes(one) if colour == 2 else bytes([one[1]]) for one in COLOURS)
    return png(len(COLOURS), 4, colour=colour, rows=(b"\0" + row) * 4, extra=extra)


# What the canvas of Chromium 156 has of such a file, with --force-color-profile=srgb, read by
# getImageData(): chunks, colour type (2 is RGB, 0 is grey), and the colour of each pixel.
IN_CHROMIUM = [
    (gAMA(45455), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (gAMA(100_000), 2, "000000 606060 89bce1 bcbcbc e57a4f 38efa0 ffffff ff0000 00ff00 0000ff"),
    (gAMA(55_556), 2, "000000 282828 5192cb 929292 d2411a 0ae36d ffffff ff0000 00ff00 0000ff"),
    (gAMA(0), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (gAMA(1), 2, "000000 000000 000000 000000 000000 000000 ffffff ff0000 00ff00 0000ff"),
    (gAMA(2**31 - 1), 2, "000000 ffffff ffffff ffffff ffffff ffffff ffffff ff0000 00ff00 0000ff"),
    (
        gAMA(100_000) + SRGB,
        2,
        "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff",
    ),
    (cHRM(*P3), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (
        gAMA(45455) + cHRM(*BT709),
        2,
        "000000 181818 3e81c1 818181 c92e0c 02dd5a ffffff ff0000 00ff00 0000ff",
    ),
    (
        gAMA(45455) + cHRM(*P3),
        2,
        "000000 181818 1883c7 818181 db0e00 00e142 ffffff ff0000 00ff00 0000ff",
    ),
    (
        gAMA(45455) + cHRM(*ADOBE),
        2,
        "000000 181818 0081c4 818181 e82e09 00dd4d ffffff ff0000 00ff00 0000ff",
    ),
    (
        gAMA(100_000) + cHRM(*[0] * 8),
        2,
        "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff",
    ),
    (gAMA(100_000), 0, "000000 606060 bcbcbc bcbcbc 7a7a7a efefef ffffff 000000 ffffff 000000"),
    (
        gAMA(100_000) + cHRM(*P3),
        0,
        "000000 606060 bcbcbc bcbcbc 7a7a7a efefef ffffff 000000 ffffff 000000",
    ),
    (cICP(1, 13), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (cICP(12, 13), 2, "000000 1e1e1e 2082c5 808080 da1800 00e043 ffffff ff0000 00ff00 0000ff"),
    (cICP(1, 1), 2, "000000 121212 3679bd 797979 c52707 01da51 ffffff ff0000 00ff00 0000ff"),
    (cICP(1, 8), 2, "000000 606060 89bce1 bcbcbc e57a4f 38efa0 ffffff ff0000 00ff00 0000ff"),
    (cICP(9, 1), 2, "000000 121212 007ec3 797979 f50000 00e628 ffffff ff0000 00ff00 0000ff"),
    (cICP(9, 14), 2, "000000 121212 007ec3 797979 f50000 00e628 ffffff ff0000 00ff00 0000ff"),
    (cICP(1, 4), 2, "000000 181818 3e81c1 818181 c92e0c 03dd5a ffffff ff0000 00ff00 0000ff"),
    (cICP(1, 5), 2, "000000 080808 286ab3 6a6a6a bd1a03 00d442 ffffff ff0000 00ff00 0000ff"),
    (cICP(6, 6), 2, "000000 121212 3e7abd 797979 c03004 36d750 ffffff f82400 3ffb00 1a23ff"),
    (cICP(7, 7), 2, "000000 303030 588ec7 8d8d8d c94925 3edd69 ffffff f82400 3ffb00 1a23ff"),
    (cICP(5, 13), 2, "000000 1e1e1e 3b80bf 808080 cc3215 00dc5d ffffff ff0000 00ff1c 0000fe"),
    (cICP(2, 2), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (cICP(99, 13), 2, "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff"),
    (
        cICP(1, 13, full=0),
        2,
        "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff",
    ),
    (
        SRGB + cICP(12, 13),
        2,
        "000000 1e1e1e 2082c5 808080 da1800 00e043 ffffff ff0000 00ff00 0000ff",
    ),
    (
        gAMA(100_000) + cICP(1, 13),
        2,
        "000000 1e1e1e 4080c0 808080 c83214 0adc5a ffffff ff0000 00ff00 0000ff",
    ),
    (cICP(12, 8), 0, "000000 606060 bcbcbc bcbcbc 7a7a7a efefef ffffff 000000 ffffff 000000"),
]


@pytest.mark.parametrize(("extra", "colour", "shown"), IN_CHROMIUM)
def test_declared_colours_look_as_in_a_browser(extra, colour, shown):
    spec = VersionSpec("x", 50, 50, format="PNG")
    made = versions_of(swatches(extra, colour), spec)["x"].convert("RGB")
    found = [made.getpixel((x, 0)) for x in range(len(COLOURS))]
    assert looks_like(found, [tuple(bytes.fromhex(one)) for one in shown.split()], within=2)


def test_a_profile_comes_before_a_gamma_and_after_a_code():
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    grey = []
    for extra in (gAMA(100_000) + profile, profile + gAMA(100_000), profile + cICP(1, 8)):
        made = versions_of(swatches(extra), VersionSpec("x", 50, 50, format="PNG"))["x"]
        grey.append(made.getpixel((3, 0))[0])
    assert grey == [128, 128, 188]


@pytest.mark.parametrize("keyword", ["exif", "transparency", "icc_profile", "gamma", "srgb"])
@pytest.mark.parametrize("zip", [False, True])
def test_a_text_is_nothing_but_a_text_whatever_its_keyword(keyword, zip):
    exif = Image.Exif()
    exif[0x0112] = 6
    info = PngImagePlugin.PngInfo()
    info.add_text(keyword, exif.tobytes().decode("latin-1"), zip=zip)
    content = to_bytes(quarters(80, 40), "PNG", pnginfo=info)
    assert inspect(ContentFile(content)).orientation == 1
    assert looks_like(corners(small_of(content)), QUARTERS, within=12)


def test_the_orientation_is_that_of_the_exif_chunk():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = to_bytes(quarters(80, 40), "PNG", exif=exif)
    facts = inspect(ContentFile(content))
    assert (facts.width, facts.height, facts.orientation) == (40, 80, 6)
    assert exif_of(ContentFile(content)).startswith((b"II", b"MM"))


def test_chunks_are_listed_to_the_end_of_the_file():
    content = png(1, 1, rows=b"\0\0", extra=SRGB)
    assert list(chunks(ContentFile(content))) == [
        (b"IHDR", 13), (b"sRGB", 1), (b"IDAT", 10), (b"IEND", 0)
    ]  # fmt: skip
    assert list(chunks(ContentFile(content[:40]))) == [(b"IHDR", 13)]
    assert content.startswith(SIGNATURE)


def test_what_comes_after_the_pixels_declares_nothing():
    content = png(1, 1, rows=b"\0\0")[:-12] + gAMA(1) + chunk(b"IEND", b"")
    assert declarations(ContentFile(content)) == {}
