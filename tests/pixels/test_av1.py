from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages import InvalidImage
from django_polyimages.pixels import av1
from django_polyimages.pixels.inspection import inspect
from tests import attacks
from tests.drawing import quarters, to_bytes

UNITS = b"\x12\x00\x0a\x0b\x1f\xf7\x2e\xdf\xf9\xfb\x44\x04\x34\x1a\x10"
"""The beginning of a picture of 12,000 x 8,000 pixels: a temporal delimiter and its sequence."""


def animation(width: int = 64, height: int = 48) -> bytes:
    frames = [Image.new("RGB", (width, height), colour) for colour in ("red", "blue", "teal")]
    return to_bytes(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)


FRAME = b"\x32\x00"
"""A frame that says nothing of its own size."""


def test_the_size_of_a_frame_is_in_its_sequence_header():
    assert av1.frames_of(UNITS + FRAME) == [12_000 * 8_000]
    assert av1.frames_of(UNITS) == []
    assert av1.frames_of(b"") == []


def test_a_frame_without_a_sequence_header_is_no_av1():
    with pytest.raises(ValueError, match="without a sequence"):
        av1.frames_of(FRAME + UNITS)


@pytest.mark.parametrize("length", range(4, len(UNITS) - 5))
def test_a_header_that_is_cut_off_is_no_av1(length):
    with pytest.raises((ValueError, IndexError)):
        av1.frames_of(UNITS[:length])


def test_countless_units_are_not_read():
    with pytest.raises(ValueError, match="too many units"):
        av1.frames_of(b"\x12\0" * (av1.MAX_UNITS + 1))


@pytest.mark.parametrize(
    "content",
    [
        to_bytes(quarters(), "AVIF"),
        to_bytes(quarters().convert("RGBA"), "AVIF"),
        to_bytes(quarters().convert("L"), "AVIF", subsampling="4:0:0"),
        to_bytes(quarters(), "AVIF", subsampling="4:4:4"),
        to_bytes(quarters(3000, 2000), "AVIF", speed=10, tile_rows=2, tile_cols=2),
        animation(),
    ],
)
def test_what_encoders_write_is_accepted(content):
    assert inspect(ContentFile(content)).format == "AVIF"


def with_limit_of(settings, pixels: int) -> None:
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_PIXELS": {"AVIF": pixels}}


def test_a_file_that_claims_to_be_small_is_refused_for_what_it_holds(settings):
    with_limit_of(settings, 100_000)
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(attacks.hidden_pixels(500, 400)))
    assert caught.value.code == "too_complex"
    assert inspect(ContentFile(attacks.hidden_pixels(250, 400))).width == 64


def test_the_first_frame_of_an_animation_is_looked_at_too(settings):
    with_limit_of(settings, 100_000)
    content = animation(500, 400)
    movie = content.index(b"moov") - 4
    hidden = content[:movie].replace(b"meta", b"free") + content[movie:]
    for file in (content, hidden):
        with pytest.raises(InvalidImage) as caught:
            inspect(ContentFile(file))
        assert caught.value.code == "too_complex"


@pytest.mark.parametrize("kind", [b"meta", b"moov"])
def test_a_box_with_a_long_size_hides_nothing(settings, kind):
    with_limit_of(settings, 100_000)
    content = animation(500, 400) if kind == b"moov" else attacks.hidden_pixels(500, 400)
    start = content.index(kind) - 4
    size = int.from_bytes(content[start : start + 4], "big")
    long = b"\0\0\0\1" + kind + (size + 8).to_bytes(8, "big")
    brands = content[3]  # the length of the box ``ftyp``; two brands less keep the offsets right
    before = bytes(3) + bytes([brands - 8]) + content[4 : brands - 8] + content[brands:start]
    moved = before.replace(b"meta", b"free") + long + content[start + 8 :]
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(moved))
    assert caught.value.code == "too_complex"


def test_frames_that_are_never_shown_are_counted():
    """A decoder works on all of them."""
    frames = FRAME * av1.MAX_FRAMES
    assert av1.frames_of(UNITS + frames) == [12_000 * 8_000] * av1.MAX_FRAMES
    with pytest.raises(ValueError, match="too many frames"):
        av1.frames_of(UNITS + frames + FRAME)


@pytest.mark.parametrize("unit", [b"\x1a\x00", b"\x32\x00", b"\x3a\x00"])
def test_each_unit_that_can_begin_a_frame_is_one(unit):
    """dav1d takes the copy of a frame's header (7) for the header, if that is missing."""
    assert len(av1.frames_of(UNITS + unit)) == 1


def unit(kind: int, *fields: str) -> bytes:
    bits = "".join(fields).replace(" ", "")
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([kind << 3 | 2, len(body)]) + body


def sequence(*fields: str, tools: str = "0" * 24) -> bytes:
    """A sequence header of 640 x 480 pixels that begins with these bits (AV1, 5.5.1)."""
    return unit(1, *fields, "1001", "1000", f"{639:010b}", f"{479:09b}", tools)


VIDEO, STILL = "000 0 0", "000 1 1"  # profile, still_picture, reduced_still_picture_header
TIMING = "1" + f"{1:032b}" + f"{25:032b}"
MODEL = "1" + f"{9:05b}" + f"{1:032b}" + f"{9:05b}" + f"{9:05b}"


@pytest.mark.parametrize(
    "fields",
    [
        [STILL, "00100"],
        [VIDEO, "0", "0", "00000", f"{0:012b}", "00100"],
        [VIDEO, "0", "0", "00000", f"{0:012b}", "01000", "1"],  # a high level has a tier
        [VIDEO, "0", "1", "00001", f"{1:012b}", "00100", "0", f"{2:012b}", "00100", "1", "1010"],
        [VIDEO, TIMING, "0", "0", "0", "00000", f"{0:012b}", "00100"],
        [VIDEO, TIMING, "1", "00101", "0", "0", "00000", f"{0:012b}", "00100"],
        [VIDEO, TIMING, "0", MODEL, "0", "00001", f"{1:012b}", "00100", "0", f"{2:012b}", "00100",
         "1", "0" * 10, "1" * 10, "0"],
    ],
)  # fmt: skip
def test_the_size_is_behind_all_that_a_sequence_may_say_before_it(fields):
    assert av1.frames_of(sequence(*fields) + unit(6, "0" * 64)) == [640 * 480]


def test_a_length_of_more_than_eight_bytes_is_no_av1():
    with pytest.raises(ValueError, match="more than eight bytes"):
        av1.frames_of(b"\x0a" + b"\xff" * 9)


POINT = "0 00000" + f"{0:012b}" + "00100"  # no display delay, one operating point
PLAIN = [VIDEO, "0", POINT]
TIMED = [VIDEO, TIMING, "0", MODEL, "0", "00000", f"{0:012b}", "00100", "0"]
REGULAR = [VIDEO, TIMING, "1", "1", MODEL, "0", "00000", f"{0:012b}", "00100", "0"]
TOOLS = {
    "none": "0 0000000 0 0 0",  # no ids, no order hints, no screen content
    "each frame says": "0 0000000 1 11 1 1",  # of screen content and of whole vectors
    "always": "0 0000000 0 0 1 0 1",
    "ids": "1 0010 001 0000000 0 0 0",  # of 2 + 1 + 3 = 6 bits
}
KEY, HIDDEN_KEY, INNER, SWITCH = "0 00 1", "0 00 0 0 1", "0 10 1 0", "0 11 1"


@pytest.mark.parametrize(
    ("fields", "tools", "before"),
    [
        (PLAIN, "none", KEY + "0"),
        (PLAIN, "none", HIDDEN_KEY + "0"),
        (PLAIN, "none", INNER + "0"),
        (PLAIN, "each frame says", KEY + "0" + "0"),
        (PLAIN, "each frame says", KEY + "0" + "11"),
        (PLAIN, "always", KEY + "0"),
        (PLAIN, "ids", KEY + "0" + "010101"),
        (TIMED, "none", KEY + "0101010101" + "0"),
        (TIMED, "none", HIDDEN_KEY + "0"),
        (REGULAR, "none", KEY + "0"),
    ],
)
def test_a_frame_with_a_size_of_its_own_may_be_as_large_as_its_bits_say(fields, tools, before):
    """dav1d does not compare it with the maximum of the sequence (AV1, 5.9.2 and 5.9.5)."""
    header = sequence(*fields, tools=TOOLS[tools] + "0" * 16)
    assert av1.frames_of(header + unit(6, before, "1", "0" * 64)) == [1024 * 512]
    assert av1.frames_of(header + unit(6, before, "0", "1" * 64)) == [640 * 480]


def test_a_switch_frame_always_has_a_size_of_its_own():
    header = sequence(*PLAIN, tools=TOOLS["none"])
    assert av1.frames_of(header + unit(6, SWITCH, "0" * 64)) == [1024 * 512]


def test_a_frame_that_is_shown_again_has_no_size_of_its_own():
    header = sequence(*PLAIN, tools=TOOLS["none"])
    assert av1.frames_of(header + unit(3, "1" * 64)) == [640 * 480]


def test_a_small_sequence_hides_no_large_frame(settings):
    with_limit_of(settings, 100_000)
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(attacks.FRAME_OF_ITS_OWN))
    assert caught.value.code == "too_complex"


@pytest.mark.parametrize("path", [(b"mdia",), (b"mdia", b"minf"), (b"mdia", b"minf", b"stbl")])
def test_a_track_whose_boxes_come_twice_hides_no_large_frame(settings, path):
    """libavif reads all boxes ``mdia`` and ``minf`` of a track."""
    with_limit_of(settings, 100_000)
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(attacks.track_with_empty_boxes(animation(500, 400), *path)))
    assert caught.value.code == "too_complex"
    assert inspect(ContentFile(attacks.track_with_empty_boxes(animation(), b"mdia"))).width == 64


def test_memory_is_reserved_for_the_frames_and_not_for_what_the_file_claims():
    """Half of the sum, because the frames of the colours and of the transparency are as large."""
    assert inspect(ContentFile(attacks.hidden_pixels(640, 480))).memory == 640 * 480 // 2 * (
        26 + 24
    )
    picture = quarters(640, 480).convert("RGBA")
    assert inspect(ContentFile(to_bytes(picture, "AVIF"))).memory == 640 * 480 * (26 + 24)


def test_all_frames_together_are_limited(settings, monkeypatch):
    """Hidden ones of 25 megapixels take up to 0.8 s each."""
    monkeypatch.setattr("django_polyimages.pixels.parts.MAX_DECODED", 4 * 64 * 48)
    with_limit_of(settings, 64 * 48)
    assert inspect(ContentFile(attacks.layers(64, 48, 4))).width == 64
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(attacks.layers(64, 48, 5)))
    assert caught.value.code == "too_complex"
