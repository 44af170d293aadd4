from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from django_polyimages.pixels.placeholders import SIDES, _size_of, placeholder_of
from tests.drawing import BLUE, RED, corners, looks_like, quarters


def opened(data_uri: str) -> Image.Image:
    assert data_uri.startswith("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(data_uri.partition(",")[2])))


def test_a_tiny_picture_with_the_proportions_of_the_large_one():
    placeholder = placeholder_of(quarters(2048, 1365))
    picture = opened(placeholder.data_uri)
    assert picture.size == (24, 16)
    assert looks_like(corners(picture), corners(quarters()), within=30)
    assert len(placeholder.data_uri) < 300


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (30, 20)])
def test_any_size_has_one(size):
    assert max(opened(placeholder_of(Image.new("RGB", size, RED)).data_uri).size) in SIDES


@given(st.integers(300, 2048), st.integers(300, 2048))
def test_nothing_of_it_looks_out_from_behind_the_picture(width, height):
    size = _size_of(width, height)
    assert size[0] / size[1] == pytest.approx(width / height, rel=0.03)


@pytest.mark.parametrize(("size", "preview"), [((1920, 1080), (16, 9)), ((1536, 2048), (3, 4))])
def test_usual_proportions_are_kept_exactly(size, preview):
    found = _size_of(*size)
    assert found[0] * preview[1] == found[1] * preview[0]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_most_frequent_colour_dominates(mode):
    picture = Image.new("RGB", (300, 300), RED)
    picture.paste(BLUE, (0, 100, 300, 300))
    color = placeholder_of(picture.convert(mode)).color
    wanted = picture.convert(mode).convert("RGB").getpixel((0, 299))
    assert looks_like([tuple(bytes.fromhex(color[1:]))], [wanted])


def test_what_is_transparent_has_no_colour():
    cut_out = Image.new("RGBA", (300, 300), (*RED, 0))
    assert placeholder_of(cut_out).color == ""
    cut_out.paste((*BLUE, 255), (0, 0, 60, 60))
    assert looks_like([tuple(bytes.fromhex(placeholder_of(cut_out).color[1:]))], [BLUE], within=20)


def test_nothing_stands_behind_a_picture_that_one_can_see_through():
    picture = Image.new("RGBA", (300, 300), (*RED, 255))
    assert placeholder_of(picture).data_uri
    picture.putpixel((10, 10), (*RED, 0))
    assert placeholder_of(picture).data_uri == ""
