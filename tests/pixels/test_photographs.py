from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Barrier

import pytest
from django.core.files.base import ContentFile
from hypothesis import Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.pixels import resampling
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.photographs import Planes
from django_polyimages.pixels.scaling import as_image, decode, plan, prepare
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.drawing import quarters, swapped_srgb, to_bytes
from tests.helpers import require_resizer

PHONE = (4000, 3000)


@pytest.fixture
def by_pillow(monkeypatch):
    monkeypatch.setattr(resampling, "_found", lambda: (None, ""))


def decoded(content: bytes, *specs: VersionSpec) -> Image.Image | Planes:
    file = ContentFile(content)
    return decode(file, plan(inspect(file), specs or DEFAULT_VERSIONS))


def sharp(size: tuple[int, int]) -> Image.Image:
    """Of coloured details of one or two pixels."""
    tile = Image.merge("RGB", [Image.effect_noise((500, 500), 70) for _band in range(3)])
    picture = Image.new("RGB", size)
    for left in range(0, size[0], 500):
        for upper in range(0, size[1], 500):
            picture.paste(tile, (left, upper))
    return picture


def soft(size: tuple[int, int]) -> Image.Image:
    small = sharp((size[0] // 4, size[1] // 4)).filter(ImageFilter.GaussianBlur(2))
    return small.resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("drawn", [quarters, lambda *size: soft(size), lambda *size: sharp(size)])
def test_the_details_are_scaled_from_all_pixels(by_pillow, drawn):
    """A half is 2000 pixels, less than ``lg``: thin lines on a sky would become stripes."""
    found = decoded(to_bytes(drawn(*PHONE), quality=90))
    assert isinstance(found, Planes)
    assert found.size == PHONE
    assert found.blue.size == found.red.size == (1024, 768)  # half of ``lg``


def test_the_resizer_scales_all_pixels_of_every_photograph():
    require_resizer()
    found = decoded(to_bytes(quarters(*PHONE), quality=60))
    assert (found.mode, found.size) == ("RGB", PHONE)
    assert decoded(to_bytes(quarters(4100, 3080), quality=60)).size == (2050, 1540)


@pytest.mark.parametrize(
    ("quality", "options", "times"),
    [(60, {}, 2), (60, {"subsampling": 0}, 2), (60, {"progressive": True}, 1), (100, {}, 1)],
)
def test_a_file_of_few_bytes_is_decoded_twice(by_pillow, monkeypatch, quality, options, times):
    content = to_bytes(sharp((2500, 2000)), quality=quality, **options)
    opened = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda *a, **k: opened.append(1) or real(*a, **k))
    found = decoded(content)
    assert isinstance(found, Planes)
    assert (found.size, found.blue.size) == ((2500, 2000), (1024, 819))
    assert len(opened) == 1 + times  # inspect and decode


@contextmanager
def two_threads():
    """An ``each`` that does its first two works at the same time, or fails; and their names."""
    done: list[str] = []
    meeting = Barrier(2)

    def each(work, items):
        done.append(work.__name__)

        def met(number, item):
            if number < 2:
                meeting.wait(timeout=30)
            return work(item)

        return list(pool.map(met, count(), items))

    with ThreadPoolExecutor(2) as pool:
        yield each, done


def test_brightness_and_colours_are_decoded_scaled_and_converted_at_once(by_pillow):
    file = ContentFile(to_bytes(soft((2500, 2000)), quality=70))
    wanted = plan(inspect(file), DEFAULT_VERSIONS)
    alone = prepare(decode(file, wanted), wanted)
    with two_threads() as (each, done):
        together = prepare(decode(file, wanted, each=each), wanted, each=each)
        assert isinstance(together, Planes)
        assert together.rgb(each=each) == alone.rgb()
    assert done == ["load", "half_plane", "part", "converted"]
    assert (together.luma, together.blue, together.red) == (alone.luma, alone.blue, alone.red)


def test_damage_is_refused_by_whichever_thread_finds_it(by_pillow):
    content = to_bytes(soft((2500, 2000)), quality=70)
    file = ContentFile(content[: len(content) // 2])
    whole = plan(inspect(ContentFile(content)), DEFAULT_VERSIONS)
    with two_threads() as (each, _done), pytest.raises(InvalidImage, match="damaged or incomplete"):
        decode(file, whole, each=each)


@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    colours=st.sampled_from(["all", "half", "fewer"]),
)
@hypothesis(max_examples=40, deadline=None, phases=[Phase.generate])
def test_converting_strips_gives_the_pixels_of_converting_the_whole(size, colours):
    few = {"all": size, "half": (-(-size[0] // 2), -(-size[1] // 2)), "fewer": (1, 1)}[colours]
    luma = Image.effect_noise(size, 60)
    blue, red = (Image.effect_noise(few, 30) for _plane in range(2))
    doubled = [
        one.resize((2 * few[0], 2 * few[1]), Image.Resampling.NEAREST).crop((0, 0, *size))
        if colours == "half"
        else one.resize(size)
        for one in (blue, red)
    ]
    alone = Image.merge("YCbCr", (luma, *doubled)).convert("RGB")
    assert Planes(luma, blue, red).rgb() == alone


def prepared(picture: Image.Image, orientation: int) -> Image.Image:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = ContentFile(to_bytes(picture, quality=95, exif=exif))
    wanted = plan(inspect(file), [VersionSpec("x", 901, 901)])
    found = decode(file, wanted)
    assert isinstance(found, Planes)
    return as_image(prepare(found, wanted))


def assert_colours_in_place(made: Image.Image, alone: Image.Image) -> None:
    """If they were moved by a pixel in any direction, they would differ more in each corner."""
    width, height = made.size

    def difference(corner: tuple[int, ...], across: int, down: int) -> float:
        moved = ImageChops.offset(alone, across, down).convert("YCbCr").crop(corner)
        pixels = made.convert("YCbCr").crop(corner)
        return sum(ImageStat.Stat(ImageChops.difference(pixels, moved)).mean[1:])

    moves = [(across, down) for across in (-1, 0, 1) for down in (-1, 0, 1)]
    for left in (2, width - 122):
        for upper in (2, height - 122):
            corner = (left, upper, left + 120, upper + 120)
            assert min(moves, key=lambda move: difference(corner, *move)) == (0, 0)


@pytest.mark.parametrize("size", [(1600, 1200), (1599, 1201), (1600, 1067)], ids=str)
def test_the_colours_are_where_pillow_has_them(by_pillow, size):
    picture = soft(size)
    made = prepared(picture, 1)
    assert_colours_in_place(made, picture.resize(made.size, Image.Resampling.LANCZOS))


@pytest.mark.parametrize("size", [(1200, 900), (1201, 901), (1200, 901)], ids=str)
def test_colours_that_were_halved_stay_in_place(by_pillow, size):
    picture = soft((2400, 1800))
    luma, blue, red = picture.convert("YCbCr").split()
    once = Planes(luma, blue, red).scaled(size)
    assert once.blue.size == (-(-size[0] // 2), -(-size[1] // 2))
    small = (601, 451)
    alone = picture.resize(small, Image.Resampling.LANCZOS)
    assert_colours_in_place(once.scaled(small).rgb(), alone)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("size", [(1600, 1200), (1599, 1201), (1600, 1067)], ids=str)
def test_turned_ones_have_the_same_pixels(by_pillow, size, orientation):
    picture = soft(size)
    plain = prepared(picture, 1)
    exif = plain.getexif()
    exif[0x0112] = orientation
    turned = prepared(picture, orientation)
    assert ImageChops.difference(turned, ImageOps.exif_transpose(plain)).getbbox() is None


@pytest.mark.parametrize(
    "options",
    [{"keep_rgb": True}, {"quality": 95, "subsampling": 0}, {"subsampling": 1}, {"progressive": 1}],
    ids=str,
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_kind_has_its_colours(by_pillow, mode, options):
    """Compared with Pillow alone, for the whole picture in one go."""
    picture = soft((1600, 1200)).convert(mode)
    content = to_bytes(picture, **{"quality": 90, **options})
    file = ContentFile(content)
    wanted = plan(inspect(file), [VersionSpec("x", 900, 900)])
    made = as_image(prepare(decode(file, wanted), wanted)).convert("RGB")
    alone = picture.convert("RGB").resize((900, 675), Image.Resampling.LANCZOS)
    difference = ImageStat.Stat(ImageChops.difference(made, alone))
    assert max(difference.mean) < 3


def test_a_version_without_loss_keeps_the_colours_of_each_pixel(by_pillow):
    """Which a WebP, a JPEG and an AVIF do not have."""
    picture = Image.new("RGB", (1500, 900), (30, 60, 200))
    for left in range(0, 1500, 12):
        picture.paste((220, 40, 40), (left, 0, left + 6, 900))
    file = ContentFile(to_bytes(picture, quality=95, subsampling=0))
    wanted = plan(
        inspect(file), [VersionSpec("x", 1000, 600, format="PNG"), VersionSpec("y", 9, 9)]
    )
    made = as_image(prepare(decode(file, wanted), wanted))
    alone = picture.resize(made.size, Image.Resampling.LANCZOS)
    assert max(ImageStat.Stat(ImageChops.difference(made, alone)).mean) < 2


def test_a_profile_is_applied_to_what_was_decoded_in_planes(by_pillow):
    content = to_bytes(soft((1600, 1200)), quality=90, icc_profile=swapped_srgb())
    file = ContentFile(content)
    wanted = plan(inspect(file), [VersionSpec("x", 900, 900)])
    image = decode(file, wanted)
    plain = as_image(image.scaled((900, 675))).split()
    made = prepare(image, wanted).split()
    assert isinstance(image, Planes)
    assert max(ImageStat.Stat(ImageChops.difference(made[0], plain[0])).mean) > 5


@pytest.mark.parametrize("size", [(16, 3000), (3000, 16), (70, 65_000), (1, 3000), (3000, 1)])
def test_a_long_thin_one_has_its_size(by_pillow, size):
    file = ContentFile(to_bytes(sharp(size)))
    wanted = plan(inspect(file), [VersionSpec("x", 700, 700)])
    assert prepare(decode(file, wanted), wanted).size == wanted.size
