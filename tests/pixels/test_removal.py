from __future__ import annotations

import io
import json
import shutil
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import pytest
import pyvips
from django.core.files.base import ContentFile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from django_polyimages import InvalidImage
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.removal import inspect_without_metadata, without_metadata
from django_polyimages.pixels.scaling import decode, plan
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.attacks import box
from tests.drawing import (
    QUARTERS,
    REFUSED,
    chunk,
    corners,
    looks_like,
    quarters,
    swapped_srgb,
    to_bytes,
)
from tests.helpers import require
from tests.pixels.test_scaling import FUZZED, damaged
from tests.private import (
    CHUNKS,
    EXTENSIONS,
    FILM,
    MARKER,
    PRIVATE,
    SEGMENTS,
    XMP,
    in_gif,
    in_png,
    in_webp,
    private_exif,
    segment,
    with_segments,
)

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "AVIF"]
WITH_EXIF = ["JPEG", "PNG", "WEBP", "AVIF"]


def cleaned(content: bytes) -> bytes:
    file, facts = inspect_without_metadata(ContentFile(content))
    file.seek(0)
    found = file.read()
    assert facts == inspect(ContentFile(found))
    return found


def frames_of(content: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """The pixels of all frames as Pillow decodes them; of a JPEG those of the first picture."""
    with Image.open(io.BytesIO(content)) as picture:
        number = 1 if picture.format in ("JPEG", "MPO") else getattr(picture, "n_frames", 1)
        found = []
        for frame in range(number):
            picture.seek(frame)
            found.append((picture.mode, picture.size, picture.convert("RGBA").tobytes()))
    return found


def seen_by_vips(content: bytes) -> bytes:
    """The pixels as libvips decodes them: upright, and not converted to other colours."""
    found: bytes = pyvips.Image.new_from_buffer(content, "").autorot().write_to_memory()
    return found


@pytest.mark.parametrize("case", PRIVATE)
def test_what_is_private_goes_and_no_pixel_changes(case):
    before = PRIVATE[case]
    after = cleaned(before)
    assert MARKER in before
    assert MARKER not in after
    assert frames_of(after) == frames_of(before)
    if case != "AVIF, animation":  # which libvips does not read
        assert seen_by_vips(after) == seen_by_vips(before)


PLAIN = {name: to_bytes(quarters(64, 48), name) for name in FORMATS}
SHORTENED = {
    "JFIF with a thumbnail": segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
    "Adobe, and more": segment(0xEE, b"Adobe\0\x64" + bytes(4) + b"\1"),
}
GOING = [extra for kind, extra in SEGMENTS.items() if kind not in SHORTENED]


@pytest.mark.parametrize(
    ("name", "private"),
    [
        ("JPEG", with_segments(PLAIN["JPEG"], *GOING) + FILM),
        ("PNG", in_png(PLAIN["PNG"], *CHUNKS.values(), late=CHUNKS["time"]) + FILM),
        ("WEBP", in_webp(PLAIN["WEBP"], (b"EXIF", MARKER), (b"prvt", MARKER)) + FILM),
        ("GIF", in_gif(PLAIN["GIF"], *EXTENSIONS.values()) + FILM),
    ],
)
def test_the_file_without_metadata_remains_byte_for_byte(name, private):
    assert cleaned(private) == PLAIN[name]


@pytest.mark.parametrize("kind", SHORTENED)
def test_what_a_jpeg_says_of_its_colours_and_pixels_remains(kind):
    found = cleaned(with_segments(PLAIN["JPEG"], SEGMENTS[kind]))
    assert found == with_segments(PLAIN["JPEG"], SHORTENED[kind])


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_without_metadata_stays_as_it_is(name):
    assert cleaned(PLAIN[name]) == PLAIN[name]


@pytest.mark.parametrize("name", WITH_EXIF)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_alone_survives(name, orientation):
    turned = quarters(96, 64)
    before = to_bytes(turned, name, exif=private_exif(orientation), quality=92)
    after = cleaned(before)
    assert MARKER not in after
    facts = [inspect(ContentFile(content)) for content in (before, after)]
    assert facts[0].orientation == facts[1].orientation == orientation
    assert (facts[0].width, facts[0].height) == (facts[1].width, facts[1].height)
    assert frames_of(after) == frames_of(before)
    assert seen_by_vips(after) == seen_by_vips(before)
    with Image.open(io.BytesIO(after)) as picture:
        assert dict(picture.getexif()) == ({} if orientation == 1 else {0x0112: orientation})


@pytest.mark.parametrize("name", FORMATS)
def test_a_colour_profile_survives(name):
    profile = swapped_srgb()
    options = {} if name == "GIF" else {"exif": private_exif()}
    before = to_bytes(quarters(64, 48), name, icc_profile=profile, **options)
    with Image.open(io.BytesIO(cleaned(before))) as picture:
        assert picture.info.get("icc_profile") == (None if name == "GIF" else profile)


def test_what_a_png_says_of_its_colours_survives():
    said = [(b"cICP", b"\x0c\x0d\0\1"), (b"gAMA", bytes(4)), (b"pHYs", bytes(9)), (b"sRGB", b"\0")]
    extra = b"".join(chunk(kind, data) for kind, data in said)
    after = cleaned(in_png(PLAIN["PNG"], extra, CHUNKS["text"]))
    assert extra in after


@pytest.mark.parametrize(("orientation", "flags"), [(1, 0), (6, 8)])
def test_a_webp_says_whether_it_has_exif_data_and_xmp(orientation, flags):
    content = to_bytes(quarters(64, 48), "WEBP", exif=private_exif(orientation), xmp=XMP)
    places = [one.index(b"VP8X") + 8 for one in (content, cleaned(content))]
    assert content[places[0]] & 0x0C == 0x0C
    assert cleaned(content)[places[1]] & 0x0C == flags


def test_an_animation_still_repeats():
    plain = to_bytes(
        quarters(64, 48), "GIF", save_all=True, append_images=[quarters(64, 48, "L")], loop=3
    )
    with Image.open(io.BytesIO(cleaned(in_gif(plain, EXTENSIONS["comment"])))) as picture:
        assert (picture.info["loop"], picture.n_frames) == (3, 2)


def test_of_a_phone_s_two_pictures_the_first_remains():
    pictures = [quarters(64, 48), quarters(64, 48).rotate(180)]
    both = to_bytes(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    with Image.open(io.BytesIO(cleaned(both))) as picture:
        assert picture.format == "JPEG"
        assert looks_like(corners(picture), QUARTERS, within=25)


@pytest.mark.parametrize("case", ["JPEG, EXIF", "PNG, EXIF", "WebP", "AVIF", "JPEG, two pictures"])
def test_exiftool_finds_nothing_but_the_file_and_its_orientation(case, tmp_path):
    require(Path(shutil.which("exiftool") or "exiftool"))
    path = tmp_path / "picture"
    path.write_bytes(cleaned(PRIVATE[case]))
    command = ["exiftool", "-json", "-G1", "-a", "-u", "-U", "-ee", str(path)]
    [tags] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    groups = {tag.partition(":")[0] for tag in tags} - {"SourceFile"}
    of_the_file = {"ExifTool", "System", "File", "JFIF", "PNG", "RIFF", "QuickTime", "Meta"}
    assert groups <= of_the_file | {"Composite"}
    assert not [tag for tag in tags if "GPS" in tag or "Warning" in tag]


def text(kind: bytes, payload: bytes) -> bytes:
    """A chunk. Decoders refuse a PNG with a ``zTXt`` that is not compressed by the only method."""
    return chunk(kind, MARKER + b"\0\0" + zlib.compress(payload) if kind == b"zTXt" else payload)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_mixture_of_metadata_goes(data):
    name = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
    payloads = st.binary(max_size=60).map(lambda noise: MARKER + noise)
    if name == "JPEG":
        kinds = st.sampled_from([*range(0xE1, 0xEE), 0xEF, 0xFE])
        parts = data.draw(st.lists(st.builds(segment, kinds, payloads), min_size=1, max_size=5))
        content = with_segments(PLAIN[name], *parts) + data.draw(payloads)
    elif name == "PNG":
        kinds = st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"prVt", b"tIME"])
        parts = data.draw(st.lists(st.builds(text, kinds, payloads), min_size=1, max_size=5))
        content = in_png(PLAIN[name], *parts, late=parts[0]) + data.draw(payloads)
    elif name == "GIF":
        labels = st.sampled_from([b"\xfe", b"\x42", b"\xff"])
        parts = data.draw(
            st.lists(
                st.builds(lambda a, b: b"!" + a + bytes([len(b)]) + b + b"\0", labels, payloads),
                min_size=1,
                max_size=5,
            )
        )
        content = in_gif(PLAIN[name], *parts) + data.draw(payloads)
    else:
        kinds = st.sampled_from([b"EXIF", b"XMP ", b"prvt"])
        parts = data.draw(st.lists(st.tuples(kinds, payloads), min_size=1, max_size=5))
        content = in_webp(PLAIN[name], *parts) + data.draw(payloads)
    after = cleaned(content)
    assert MARKER not in after
    assert frames_of(after) == frames_of(PLAIN[name])


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_as_before(case):
    _name, content, code = REFUSED[case]
    with pytest.raises(InvalidImage) as caught:
        decoded(content, clean=True)
    assert caught.value.code == code


def decoded(content: bytes, *, clean: bool) -> tuple[object, ...]:
    file = ContentFile(content)
    original, facts = inspect_without_metadata(file) if clean else (file, inspect(file))
    picture = decode(original, plan(facts, DEFAULT_VERSIONS))
    return picture.mode, picture.size, picture.tobytes()


def test_a_scan_that_a_segment_interrupts_ends_where_it_ended():
    """Decoders stop at the marker, and need no more, not even an end of the picture."""
    plain = to_bytes(quarters(64, 48))[:-2]
    middle = len(plain) - 40
    content = plain[:middle] + segment(0xE7, MARKER) + plain[middle:]
    assert decoded(content, clean=True) == decoded(content, clean=False)
    assert MARKER not in cleaned(content)


@pytest.mark.parametrize("name", FUZZED)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_keeps_its_pixels(name, data):
    content = data.draw(damaged(FUZZED[name], at_most=6))
    try:
        before = decoded(content, clean=False)
        after = decoded(content, clean=True)
    except InvalidImage:
        return
    assert after == before


@pytest.mark.parametrize(
    "flood",
    [
        PLAIN["GIF"][:-1] + b"!\xfe" + b"\x01x" * 250_000 + b"\0;",
        PLAIN["GIF"][:-1] + b"?" * 250_000 + b";",
        in_webp(PLAIN["WEBP"], *[(b"prvt", b"")] * 150_000),
    ],
    ids=["blocks of one byte", "bytes that are no block", "chunks without data"],
)
def test_a_file_of_countless_tiny_parts_is_refused(flood):
    with pytest.raises(InvalidImage) as caught:
        cleaned(flood)
    assert caught.value.code == "too_complex"


def test_a_large_file_is_not_copied():
    noise = Image.effect_noise((1500, 1500), 90)
    large = with_segments(to_bytes(noise, quality=98), *[SEGMENTS["comment"]] * 50)
    file = ContentFile(large)
    facts = inspect(file)
    tracemalloc.start()
    for piece in without_metadata(file, facts).chunks():
        assert piece
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(large) > 1_000_000
    assert peak < 400_000


def test_a_picture_that_would_become_another_one_is_refused(monkeypatch):
    from django_polyimages.pixels import removal

    monkeypatch.setattr(removal, "_exif_of", lambda orientation: b"")
    turned = ContentFile(to_bytes(quarters(64, 48), exif=private_exif(6)))
    with pytest.raises(InvalidImage):
        inspect_without_metadata(turned)


def test_a_box_beyond_the_end_of_an_avif_is_cut_off_as_before():
    content = PLAIN["AVIF"] + box(b"mdat", bytes(40))[:20]
    assert frames_of(cleaned(content)) == frames_of(PLAIN["AVIF"])
