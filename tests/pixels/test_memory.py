from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.conf import Settings
from django_polyimages.formats import FORMATS
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.memory import worst_of
from django_polyimages.pixels.scaling import plan
from tests.drawing import quarters, to_bytes

ROOT = Path(__file__).parent.parent.parent
PIXELS = 400 * 300
STRIP = 24
"""Bytes per pixel for converting and scaling, of at most 2,500,000 pixels."""


@pytest.mark.parametrize(
    ("picture", "format", "options", "bytes_per_pixel"),
    [
        (quarters(), "JPEG", {}, 4),
        (quarters(), "JPEG", {"progressive": True}, 10),
        (quarters().convert("L"), "JPEG", {}, 1),
        (quarters(), "PNG", {}, 4),
        (quarters(), "PNG", {"transparency": (1, 2, 3)}, 4),
        (Image.new("I;16", (400, 300)), "PNG", {}, 2),
        (quarters().convert("1"), "PNG", {}, 1),
        (quarters().convert("P"), "GIF", {}, 1),
        (quarters(), "WEBP", {}, 16),
        (quarters(), "AVIF", {}, 26),
    ],
)
def test_the_memory_that_a_decoder_needs_is_known_from_the_header(
    picture, format, options, bytes_per_pixel
):
    facts = inspect(ContentFile(to_bytes(picture, format, **options)))
    assert facts.memory == (bytes_per_pixel + STRIP) * PIXELS
    assert facts.memory <= worst_of(format, PIXELS)


def test_a_phone_s_two_pictures_need_what_the_first_needs():
    content = to_bytes(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert inspect(ContentFile(content)).memory == (4 + STRIP) * PIXELS


@pytest.mark.parametrize("format", FORMATS)
def test_the_worst_original_fits_into_the_memory(format):
    assert worst_of(format, Settings().pixels_of(format)) <= Settings().max_memory


def test_cmyk_in_scans_may_have_three_quarters_of_the_pixels(settings):
    settings.POLYIMAGES = {"MAX_PIXELS": 400 * 300}
    picture = quarters().convert("CMYK")
    inspect(ContentFile(to_bytes(picture)))
    in_scans = inspect(ContentFile(to_bytes(picture.resize((300, 300)), progressive=True)))
    assert in_scans.memory == (4 + 2 * 4 + STRIP) * 300 * 300 <= worst_of("JPEG", 400 * 300)
    inspect(ContentFile(to_bytes(quarters(), progressive=True)))
    with pytest.raises(InvalidImage, match=r"the maximum is 0\.09 megapixels"):
        inspect(ContentFile(to_bytes(picture, progressive=True)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["JPEG, progressive, CMYK", "PNG, RGB, transparent", "GIF, in part", "WebP.*RGBA", "AVIF"],
)
def test_the_worst_files_need_no_more_than_is_reserved_for_them(kind):
    command = [sys.executable, "benchmarks/worst_files.py", kind]
    table = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    assert rows
    for _kind, _megapixels, _bytes, seconds, needed, reserved in rows:
        assert float(seconds) < 20
        assert float(needed) <= float(reserved) <= 768
        assert float(needed) <= 334 or _kind.startswith(("WebP", "AVIF"))  # 350 MB


@pytest.mark.parametrize("disposal", [2, 3])
def test_a_frame_that_is_disposed_of_needs_no_memory_for_that(disposal):
    """Pillow would copy it while it opens the file, before the pixels are counted."""
    wide, high = 6000, 4000
    control = b"!\xf9\x04" + bytes([disposal << 2 | 1, 0, 0, 0, 0])
    content = b"GIF89a" + struct.pack("<HHBBB", wide, high, 0x80, 0, 0) + b"\xff\0\0\0\xff\0"
    content += control + b"," + struct.pack("<HHHHB", 0, 0, wide, high, 0) + b"\x02\x02\x4c\x01\0;"
    program = f"""
import resource, django
from django.conf import settings
settings.configure()
from django.core.files.base import ContentFile
from django_polyimages.pixels.inspection import inspect
from tests.drawing import quarters, to_bytes
inspect(ContentFile(to_bytes(quarters(40, 40), "GIF")))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert inspect(ContentFile({content!r})).width == {wide}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 4_000  # KiB; the frame has 24,000


@pytest.mark.parametrize(
    ("versions", "pixels"),
    [
        ([("WEBP", 200, "fit")], 200 * 150),
        ([("AVIF", 200, "fit"), ("WEBP", 200, "fit")], 2 * 200 * 150),
        ([("WEBP", 400, "fit"), ("WEBP", 500, "fit")], 400 * 300),  # one file
        ([("WEBP", 200, "fit"), ("WEBP", 100, "fit")], 200 * 150 + 100 * 75),
        ([("WEBP", 300, "fill")], 400 * 300),  # from the whole picture
    ],
)
def test_versions_need_memory_for_each_that_is_encoded_as_several_are_at_once(versions, pixels):
    """A photograph of 2048 x 2048 as WebP and AVIF: 160 MiB, more than reserved for one of them."""
    facts = inspect(ContentFile(to_bytes(quarters())))
    specs = [
        VersionSpec(f"v{number}", side, side, format=name, mode=mode)
        for number, (name, side, mode) in enumerate(versions)
    ]
    assert plan(facts, specs).memory == facts.memory + 16 * pixels
