from __future__ import annotations

import hashlib
import tracemalloc

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages import InvalidImage
from django_polyimages.inspection import inspect
from tests.drawing import REFUSED, bomb, photo, quarters, to_bytes

# Found by decoding only, see test_pipeline.
ONLY_IN_THE_PIXELS = {"truncated jpeg", "truncated webp", "truncated avif", "truncated gif"}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_facts_come_from_the_content(format):
    content = to_bytes(quarters(400, 300), format)
    facts = inspect(ContentFile(content, "misnamed.exe"))
    assert facts.format == format
    assert facts.media_type == f"image/{format.lower()}"
    assert facts.extension == format.lower().replace("jpeg", "jpg")
    assert (facts.width, facts.height, facts.orientation) == (400, 300, 1)
    assert facts.byte_size == len(content)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_the_displayed_ones(orientation):
    facts = inspect(ContentFile(photo(400, 300, orientation=orientation)))
    assert (facts.width, facts.height, facts.orientation) == (400, 300, orientation)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_counts_as_1(orientation):
    assert inspect(ContentFile(photo(400, 300, orientation=orientation))).orientation == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "junk", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM" + b"\xff" * 99]
)
def test_malformed_exif_counts_as_none(junk):
    facts = inspect(ContentFile(to_bytes(quarters(), exif=junk)))
    assert (facts.width, facts.height, facts.orientation) == (400, 300, 1)


def test_a_phone_s_two_pictures_in_one_file_are_a_jpeg():
    content = to_bytes(quarters(), "MPO", save_all=True, append_images=[quarters(40, 30)])
    assert inspect(ContentFile(content)).format == "JPEG"


@pytest.mark.parametrize("case", sorted(set(REFUSED) - ONLY_IN_THE_PIXELS))
def test_refuses(case):
    name, content, code = REFUSED[case]
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(content, name))
    assert caught.value.code == code


def test_a_file_over_the_limit_is_refused_unread(settings):
    settings.POLYIMAGES = {"MAX_BYTES": 1000}
    file = ContentFile(bytes(1001))
    file.close()
    with pytest.raises(InvalidImage, match="File too large: 1001") as caught:
        inspect(file)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(("limit", "accepted"), [(120_000, True), (119_999, False)])
def test_the_limit_of_pixels_is_exact(settings, limit, accepted):
    settings.POLYIMAGES = {"MAX_PIXELS": limit}
    file = ContentFile(photo(400, 300))
    if accepted:
        inspect(file)
    else:
        with pytest.raises(
            InvalidImage, match=r"Too many pixels \(400 x 300\), allowed are 0.119999 m"
        ):
            inspect(file)


@pytest.mark.parametrize("side", [10_000, 12_000, 20_000])
def test_more_pixels_than_pillow_itself_warns_of_are_our_error(side):
    """Pillow warns from 89 million pixels and raises from 179 million; we stop at 50 million."""
    content = to_bytes(Image.new("1", (side, side)), "PNG")
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(content))
    assert caught.value.code == "too_many_pixels"


def test_a_bomb_costs_no_memory():
    content = bomb()
    assert len(content) < 10_000
    tracemalloc.start()
    with pytest.raises(InvalidImage):
        inspect(ContentFile(content))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_decoder_that_is_not_allowed_is_not_started(settings):
    settings.POLYIMAGES = {"FORMATS": ["PNG"]}
    with pytest.raises(InvalidImage, match="allowed are PNG") as caught:
        inspect(ContentFile(photo()))
    assert caught.value.code == "not_an_image"


@pytest.mark.parametrize("position", [60, 200, 900])
def test_a_png_with_a_wrong_checksum_is_refused(position):
    content = bytearray(to_bytes(quarters(), "PNG"))
    content[position] ^= 0xFF
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(bytes(content)))
    assert caught.value.code == "damaged"
