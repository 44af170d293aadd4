from __future__ import annotations

import struct

import pytest
from django.core.files.base import ContentFile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.pixels import scaling
from django_polyimages.pixels.inspection import Facts, inspect
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from django_polyimages.specs import CENTRE, DEFAULT_VERSIONS, FocalPoint
from tests.builders import small_of, versions_of
from tests.drawing import (
    BLUE,
    GREEN,
    QUARTERS,
    RED,
    corners,
    looks_like,
    photo,
    quarters,
    swapped_srgb,
    to_bytes,
)

pytestmark = pytest.mark.usefixtures("resizer")


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
@pytest.mark.parametrize("size", [(400, 300), (2200, 3000)])
def test_versions_are_upright(orientation, size):
    for name, version in versions_of(photo(*size, orientation=orientation)).items():
        assert looks_like(corners(version), QUARTERS, within=25), name
        assert (version.width > version.height) == (size[0] > size[1])


@pytest.mark.parametrize(
    "size", [(3000, 2000), (4032, 3024), (4000, 3000), (300, 200), (2047, 2049)]
)
def test_versions_have_the_size_their_spec_says(size):
    content = to_bytes(quarters(*size), quality=60)
    found = {name: version.size for name, version in versions_of(content).items()}
    assert found == {spec.name: spec.target(*size).size for spec in DEFAULT_VERSIONS}


thin = st.tuples(st.integers(1, 12), st.integers(1, 60_000))
sizes = thin | thin.map(lambda size: size[::-1]) | st.tuples(*[st.integers(1, 6000)] * 2)
sides = st.integers(1, 3000)
specs = st.builds(
    lambda *sides_and_mode: sides_and_mode, sides, sides, st.sampled_from(["fit", "fill"])
)
points = st.builds(FocalPoint, st.floats(0, 1), st.floats(0, 1))


def facts_of(width: int, height: int) -> Facts:
    return Facts(
        format="PNG", byte_size=1, width=width, height=height, memory=1, orientation=1, sha256=""
    )


class Unfilled:
    """A picture without pixels."""

    def __init__(self, size):
        self.size, (self.width, self.height) = size, size

    def copy(self):
        return Unfilled(self.size)


@given(sizes, st.lists(specs, max_size=4), points)
@example((1000, 1), [], CENTRE)
@example((1200, 2), [], CENTRE)
@example((5000, 7), [], CENTRE)
@example((3, 5000), [(300, 300, "fill")], FocalPoint(0.5, 0.9))
def test_no_version_is_made_from_a_smaller_picture(size, boxes, point):
    """All resizing is recorded: a source is never smaller than its result, on either side."""
    own = [
        VersionSpec(f"own{number}", width, height, mode=mode)
        for number, (width, height, mode) in enumerate(boxes)
    ]
    wanted = plan(facts_of(*size), [*DEFAULT_VERSIONS, *own], point)
    assert wanted.size[0] <= size[0]
    assert wanted.size[1] <= size[1]
    calls = []

    def recorded(source, size, *, box=None):
        left, upper, right, lower = box or (0, 0, *source.size)
        calls.append(((right - left, lower - upper), size))
        return Unfilled(size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "scaled", recorded)
        rendered = list(render(Unfilled(wanted.size), wanted))
    made = {spec.name: picture.size for group, picture in rendered for spec in group}
    assert made == {spec.name: spec.target(*size, point).size for spec in [*DEFAULT_VERSIONS, *own]}
    for (width, height), result in calls:
        assert width >= result[0] - 1e-6
        assert height >= result[1] - 1e-6


@pytest.mark.parametrize("size", [(1000, 1), (1200, 2), (5000, 7), (2, 1200), (9, 30_000)])
def test_a_long_thin_picture_keeps_its_detail(size):
    """Compared with Pillow alone, which scales the original to each version directly."""
    noise = Image.effect_noise(size, 200).convert("RGB")
    spec = VersionSpec("x", 700, 700, format="PNG")
    made = versions_of(to_bytes(noise, "PNG"), DEFAULT_VERSIONS[0], spec, DEFAULT_VERSIONS[3])["x"]
    alone = noise.resize(spec.target(*size).size, Image.Resampling.LANCZOS)
    difference = ImageStat.Stat(ImageChops.difference(made.convert("RGB"), alone))
    assert max(difference.mean) < 12
    contrast, alone_contrast = ImageStat.Stat(made.convert("L")), ImageStat.Stat(alone.convert("L"))
    assert contrast.stddev[0] > 0.8 * alone_contrast.stddev[0]


def test_a_png_is_decoded_once_at_its_size(monkeypatch):
    opened = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda *a, **k: opened.append(1) or real(*a, **k))
    file = ContentFile(to_bytes(quarters(3000, 2000), "PNG"))
    wanted = plan(inspect(file), DEFAULT_VERSIONS)
    image = decode(file, wanted)
    assert image.size == (3000, 2000)
    list(render(prepare(image, wanted), wanted))
    assert len(opened) == 2  # inspect and decode


def test_specs_that_ask_for_the_same_bytes_come_together():
    file = ContentFile(photo(300, 200))
    wanted = plan(inspect(file), DEFAULT_VERSIONS)
    picture = prepare(decode(file, wanted), wanted)
    groups = [group for group, _scaled in render(picture, wanted)]
    assert [[spec.name for spec in group] for group in groups] == [["sm"], ["md", "lg"], ["thumb"]]


def test_versions_of_one_size_have_an_image_each():
    """Pillow stores the options of save() in it, and each is saved in a thread of its own."""
    specs = [VersionSpec(f"q{quality}", 900, 900, quality=quality) for quality in (60, 70, 80)]
    for content in (photo(300, 200), to_bytes(quarters(2000, 1500))):
        file = ContentFile(content)
        wanted = plan(inspect(file), specs)
        made = [one for _, one in render(prepare(decode(file, wanted), wanted), wanted)]
        assert len({id(one) for one in made}) == 3
        assert len({one.tobytes() for one in made}) == 1


def test_fill_shows_the_middle_of_the_upright_picture():
    square = VersionSpec("square", 100, 100, mode="fill", quality=95)
    made = versions_of(photo(600, 300, orientation=6), *DEFAULT_VERSIONS, square)
    assert made["square"].size == (100, 100)
    assert looks_like(corners(made["square"]), QUARTERS, within=25)


def test_fill_alone_needs_no_other_version():
    square = VersionSpec("square", 100, 100, mode="fill", quality=95)
    made = versions_of(photo(4000, 2000), square)
    assert made["square"].size == (100, 100)
    assert looks_like(corners(made["square"]), QUARTERS, within=25)


@pytest.mark.parametrize("format", ["WEBP", "AVIF", "JPEG", "PNG"])
def test_a_version_has_the_format_of_its_spec(format):
    made = versions_of(photo(), VersionSpec("x", 100, 100, format=format, quality=90))
    assert made["x"].format == format
    assert looks_like(corners(made["x"]), QUARTERS, within=25)


@pytest.mark.parametrize("format", ["WEBP", "AVIF", "JPEG", "PNG"])
def test_nothing_but_pixels_is_left(format):
    exif = Image.Exif()
    exif[0x010F] = "MARKER-maker"
    exif.get_ifd(0x8825)[1] = "N"
    content = to_bytes(
        quarters(), exif=exif, comment=b"MARKER-comment", xmp=b"<x:xmpmeta>MARKER</x:xmpmeta>",
        icc_profile=swapped_srgb(), dpi=(300, 300),
    )  # fmt: skip
    file = ContentFile(content + b"<script>MARKER</script>")
    spec = VersionSpec("x", 100, 100, format=format)
    wanted = plan(inspect(file), [spec])
    [(_, picture)] = render(prepare(decode(file, wanted), wanted), wanted)
    made = encode(picture, spec)
    assert b"MARKER" in content
    for leftover in (b"MARKER", b"EXIF", b"Exif", b"ICCP", b"ICC_PROFILE", b"iCCP", b"XMP", b"xmp"):
        assert leftover not in made


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "GIF"])
def test_transparency_survives(format):
    picture = quarters(400, 400, mode="RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 200, 400))
    options = {} if format in ("PNG", "GIF") else {"quality": 95}
    made = small_of(to_bytes(picture, format, **options))
    assert made.mode == "RGBA"
    assert made.getpixel((25, 50))[3] == 0
    assert made.getpixel((75, 50))[3] == 255
    assert looks_like([made.getpixel((75, 25))[:3]], [GREEN], within=30)


def test_a_transparent_edge_does_not_bleed_its_hidden_colour():
    picture = Image.new("RGBA", (400, 400), (255, 255, 255, 255))
    picture.paste((255, 0, 0, 0), (0, 0, 199, 400))
    made = versions_of(to_bytes(picture, "PNG"), VersionSpec("x", 100, 100, format="PNG"))["x"]
    assert min(made.getpixel((49, y))[1] for y in range(100)) > 240


def test_jpeg_versions_of_transparent_pictures_are_on_white():
    picture = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    made = versions_of(to_bytes(picture, "PNG"), VersionSpec("x", 50, 50, format="JPEG"))["x"]
    assert looks_like([made.getpixel((25, 25))], [(255, 255, 255)])


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (161, 160), (16000, 2)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_extreme_sizes_work(size, format):
    for version in versions_of(to_bytes(Image.new("RGB", size, RED), format)).values():
        assert version.width >= 1
        assert version.height >= 1


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_gives_its_first_frame(format):
    frames = [Image.new("RGB", (50, 50), colour) for colour in (RED, GREEN, BLUE)]
    content = to_bytes(frames[0], format, save_all=True, append_images=frames[1:], duration=50)
    assert looks_like([small_of(content).convert("RGB").getpixel((25, 25))], [RED], within=12)


def on_canvas(content: bytes, canvas: tuple[int, int], place: tuple[int, int]) -> bytes:
    """A GIF of one frame, on a larger canvas."""
    frame = content.index(b",", 13 + 3 * (2 << (content[10] & 7)))
    return (
        content[:6]
        + struct.pack("<HH", *canvas)
        + content[10 : frame + 1]
        + struct.pack("<HH", *place)
        + content[frame + 5 :]
    )


@pytest.mark.parametrize("mode", ["P", "L"])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_gif_whose_frame_does_not_cover_its_canvas_is_transparent_elsewhere(mode, transparent):
    """As browsers show it: Chromium 156 has (0, 0, 0, 0) there on a canvas."""
    options = {"transparency": 255} if transparent else {}
    frame = to_bytes(Image.new(mode, (20, 10), 99), "GIF", **options)
    content = on_canvas(frame, (40, 30), (5, 8))
    made = versions_of(content, VersionSpec("x", 40, 40, format="PNG"))["x"]
    assert made.size == (40, 30)
    alpha = made.convert("RGBA").getchannel("A")
    wanted = Image.new("L", (40, 30), 0)
    wanted.paste(255, (5, 8, 25, 18))
    assert ImageChops.difference(alpha, wanted).getbbox() is None


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(format, part):
    content = to_bytes(quarters(800, 600), format)
    file = ContentFile(content[: int(len(content) * part)])
    with pytest.raises(InvalidImage) as caught:
        decode(file, plan(inspect(file), DEFAULT_VERSIONS))
    assert caught.value.code in ("damaged", "not_an_image")


FUZZED = {
    "JPEG": photo(120, 90, orientation=6),
    "PNG": to_bytes(quarters(90, 70, "P"), "PNG", transparency=1),
    "WEBP": to_bytes(quarters(90, 70, "RGBA"), "WEBP"),
    "GIF": to_bytes(quarters(90, 70), "GIF"),
    "AVIF": to_bytes(quarters(90, 70), "AVIF"),
}


def damaged(content: bytes, *, at_most: int) -> st.SearchStrategy[bytes]:
    """The file with one byte changed, or so many."""

    def change(flips: list[tuple[int, int]]) -> bytes:
        changed = bytearray(content)
        for place, value in flips:
            changed[place] = value
        return bytes(changed)

    flips = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    return st.lists(flips, min_size=1, max_size=at_most).map(change)


@pytest.mark.parametrize("format", FUZZED)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_gives_every_version(format, data):
    content = data.draw(damaged(FUZZED[format], at_most=12))
    try:
        made = versions_of(content)
    except InvalidImage:
        return
    assert len(made) == 4
