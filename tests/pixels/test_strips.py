from __future__ import annotations

from itertools import product

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from django_polyimages.pixels import strips
from django_polyimages.pixels.colours import simple_mode
from django_polyimages.pixels.resampling import scaled
from django_polyimages.pixels.strips import resized

pytestmark = pytest.mark.usefixtures("resizer")

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]
CLEAR = {"L": 40, "P": bytes(range(256)), "RGB": (9, 9, 9), "1": 255, "I;16": 700}
sides = st.integers(20, 200)


def drawing(mode: str, size: tuple[int, int], *, clear: bool = False) -> Image.Image:
    if mode == "I;16":
        grey = Image.effect_noise(size, 40).convert("I").point(lambda value: value * 257)
        picture = grey.convert("I;16")
    else:
        bands = Image.merge("RGBA", [Image.effect_noise(size, 40) for _band in range(4)])
        picture = bands.convert("RGB").quantize(64) if mode == "P" else bands.convert(mode)
    if clear:
        picture.info["transparency"] = CLEAR[mode]
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """On average, of 255. Colours count as much as they are visible.

    A single pixel may differ more: Pillow chooses whether to scale rows or columns first, and
    rounds in between.
    """
    assert (one.mode, one.size) == (other.mode, other.size)
    visible = [
        picture.convert("RGBA").convert("RGBa") if picture.mode in ("LA", "RGBA") else picture
        for picture in (one, other)
    ]
    return max(ImageStat.Stat(ImageChops.difference(*visible)).mean)


@pytest.mark.parametrize(
    ("mode", "clear"), [*product(MODES, [False]), *product(CLEAR, [True])], ids=str
)
@hypothesis(max_examples=15, deadline=None, phases=[Phase.generate])
@given(size=st.tuples(sides, sides), data=st.data())
def test_strips_give_the_pixels_of_the_whole_picture(mode, clear, size, data):
    """Pillow's own result is compared, for the whole picture in one go."""
    width, height = (data.draw(st.integers(1, side)) for side in size)
    picture = drawing(mode, size, clear=clear)
    alone = simple_mode(picture)
    if alone.size != (width, height):
        alone = alone.resize((width, height), Image.Resampling.LANCZOS)
    with pytest.MonkeyPatch.context() as patch:
        fewest = 1000 if mode == "I;16" else 1  # a table of 65,536 entries for each strip
        patch.setattr(strips, "PIXELS", data.draw(st.integers(fewest, 4000)))
        patch.setattr(strips, "_BETWEEN", data.draw(st.integers(1, 4000)))
        # Black and white noise is all overshoot, which is cut off between rows and columns. Of a
        # few pixels the average is as coarse as a single one.
        allowed = 9 if mode == "1" else 2 if width * height < 16 else 0.6
        assert difference(resized(picture, (width, height)), alone) < allowed


@pytest.mark.parametrize("size", [(450, 450), (200, 201), (201, 200)])
def test_an_enlarged_picture_is_the_same_as_well(monkeypatch, size):
    """A JPEG may be decoded a little smaller than its largest version."""
    monkeypatch.setattr(strips, "_BETWEEN", 1000)
    picture = drawing("RGB", (200, 200))
    alone = picture.resize(size, Image.Resampling.LANCZOS)
    assert difference(resized(picture, size), alone) < 0.6


def test_no_conversion_of_the_whole_picture_is_made(monkeypatch):
    seen = []
    monkeypatch.setattr(
        strips, "simple_mode", lambda strip: seen.append(strip.size) or simple_mode(strip)
    )
    monkeypatch.setattr(strips, "PIXELS", 100_000)
    resized(drawing("P", (1000, 1000), clear=True), (250, 250))
    assert max(height for _width, height in seen) < 200
    assert len(seen) == 10


def test_a_picture_that_needs_no_conversion_is_not_copied(monkeypatch):
    """Each strip is scaled from the whole picture, and few pixels are between two directions."""
    seen = []
    monkeypatch.setattr(
        strips,
        "scaled",
        lambda source, size, *, box: (
            seen.append((source, size, box)) or scaled(source, size, box=box)
        ),
    )
    monkeypatch.setattr(strips, "_BETWEEN", 100_000)
    picture = drawing("RGB", (1000, 1000))
    resized(picture, (250, 250))
    assert all(source is picture for source, _size, _box in seen)
    assert max(size[0] * (box[3] - box[1]) for _source, size, box in seen) <= 100_000
    assert len(seen) == 3


@pytest.mark.parametrize("size", [(6550, 70), (70, 6550), (2000, 230)])
def test_no_strip_is_much_larger_than_its_limit(monkeypatch, size):
    """In a wide picture, the rows that a strip shares with its neighbours are the most of it."""
    sizes: list[int] = []

    def recorded(picture: Image.Image) -> Image.Image:
        sizes.append(picture.width * picture.height)
        return simple_mode(picture)

    monkeypatch.setattr(strips, "PIXELS", 20_000)
    monkeypatch.setattr(strips, "simple_mode", recorded)
    resized(drawing("RGBA", size), (max(1, size[0] // 32), max(1, size[1] // 32)))
    assert len(sizes) > 1
    assert max(sizes) <= 30_000
