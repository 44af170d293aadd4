from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.memory import worst_of
from tests.drawing import quarters, to_bytes

ROOT = Path(__file__).parent.parent.parent
PIXELS = 400 * 300


@pytest.mark.parametrize(
    ("picture", "format", "options", "bytes_per_pixel"),
    [
        (quarters(), "JPEG", {}, 10),
        (quarters().convert("L"), "JPEG", {}, 6),
        (quarters().convert("CMYK"), "JPEG", {}, 12),
        (quarters(), "PNG", {}, 5),
        (quarters(), "PNG", {"transparency": (1, 2, 3)}, 13),
        (quarters().convert("RGBA"), "PNG", {}, 9),
        (quarters().convert("1"), "PNG", {}, 2),
        (quarters().convert("P"), "GIF", {}, 6),
        (Image.new("P", (400, 300)), "GIF", {"transparency": 0}, 13),
        (quarters(), "WEBP", {}, 18),
        (quarters(), "AVIF", {}, 24),
    ],
)
def test_the_memory_that_a_decoder_needs_is_known_from_the_header(
    picture, format, options, bytes_per_pixel
):
    facts = inspect(ContentFile(to_bytes(picture, format, **options)))
    assert facts.memory == bytes_per_pixel * PIXELS
    assert facts.memory <= worst_of(format, PIXELS)


def test_a_phone_s_two_pictures_need_what_the_first_needs():
    content = to_bytes(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert inspect(ContentFile(content)).memory == 10 * PIXELS


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["JPEG, progressive, CMYK", "PNG, RGB, transparent", "GIF, transp", "WebP.*RGBA", "AVIF"],
)
def test_the_worst_files_need_no_more_than_is_reserved_for_them(kind):
    command = [sys.executable, "benchmarks/worst_files.py", kind]
    table = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    assert rows
    for _kind, _megapixels, _bytes, seconds, needed, reserved in rows:
        assert float(seconds) < 20
        assert float(needed) <= float(reserved) <= 900
