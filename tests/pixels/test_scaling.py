from __future__ import annotations

import io
import struct

import pytest
from django.core.files.base import ContentFile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.ImageCms import ImageCmsProfile

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.drawing import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    chunk,
    corners,
    looks_like,
    photo,
    png,
    quarters,
    to_bytes,
)

QUARTERS = [RED, GREEN, BLUE, YELLOW]
SMALL = VersionSpec("small", 100, 100, quality=95)


def versions_of(content: bytes, *specs: VersionSpec) -> dict[str, Image.Image]:
    """The versions of a file, decoded again from their bytes."""
    file = ContentFile(content)
    made = {}
    wanted = plan(inspect(file), specs or DEFAULT_VERSIONS)
    for group, scaled in render(prepare(decode(file, wanted), wanted), wanted):
        for spec in group:
            made[spec.name] = Image.open(io.BytesIO(encode(scaled, spec)))
            made[spec.name].load()
    return made


def small_of(content: bytes) -> Image.Image:
    return versions_of(content, SMALL)["small"]


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


def test_a_large_jpeg_is_decoded_at_half_its_size():
    file = ContentFile(to_bytes(quarters(4000, 3000), quality=60))
    assert decode(file, plan(inspect(file), DEFAULT_VERSIONS)).size == (2000, 1500)


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


def swapped_srgb(name: str = "Swap") -> bytes:
    """sRGB with red and blue exchanged and another name: using it shows."""
    profile = ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ", b"tmpX")
        .replace(b"bXYZ", b"rXYZ")
        .replace(b"tmpX", b"bXYZ")
        .replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))
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


@pytest.mark.parametrize("format", FUZZED)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_gives_every_version(format, data):
    content = bytearray(FUZZED[format])
    flips = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(flips, min_size=1, max_size=12)):
        content[place] = value
    try:
        made = versions_of(bytes(content))
    except InvalidImage:
        return
    assert len(made) == 4
