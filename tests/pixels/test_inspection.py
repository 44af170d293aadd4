from __future__ import annotations

import hashlib
import os
import struct
import tracemalloc
import zlib

import pytest
from django.core.files.base import ContentFile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from django_polyimages import InvalidImage
from django_polyimages.pixels.inspection import inspect, refusing_damage
from django_polyimages.pixels.scaling import decode, plan
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.drawing import REFUSED, bomb, chunk, photo, quarters, to_bytes

# Only decoding detects these, see tests/pipeline.
ONLY_IN_THE_PIXELS = {
    *("truncated jpeg", "truncated webp", "truncated avif", "truncated gif", "timeless avif")
}


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
            InvalidImage, match=r"Too many pixels \(400 x 300\); the maximum is 0.119999 m"
        ):
            inspect(file)


def test_each_format_has_a_limit_of_pixels_of_its_own(settings):
    settings.POLYIMAGES = {"MAX_PIXELS": {"WEBP": 119_999}}
    inspect(ContentFile(photo(400, 300)))
    with pytest.raises(InvalidImage, match="Too many pixels"):
        inspect(ContentFile(to_bytes(quarters(400, 300), "WEBP")))


@pytest.mark.parametrize("side", [10_000, 12_000, 20_000])
def test_more_pixels_than_pillow_itself_warns_of_are_our_error(side):
    """Pillow warns above 89 million pixels and fails above 179 million; the limit is 50 million."""
    content = to_bytes(Image.new("1", (side, side)), "PNG")
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(content))
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize(("limit", "allowed"), [(100_000, "0.1"), (10_000, "0.02")])
def test_where_the_host_has_a_lower_limit_for_pillow_the_message_tells_it(
    monkeypatch, limit, allowed
):
    """With warnings as errors, as here, it is the limit itself, otherwise twice as much."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InvalidImage, match=f"the maximum is {allowed} megapixels"):
        inspect(ContentFile(photo(400, 300)))


def refuse(error: BaseException) -> None:
    with refusing_damage():
        raise error


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, AttributeError, OverflowError])
def test_whatever_a_decoder_raises_is_damage_and_logged(error, caplog):
    with pytest.raises(InvalidImage) as caught:
        refuse(error("of a decoder"))
    assert caught.value.code == "damaged"
    [record] = caplog.records
    assert record.exc_info[0] is error


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, SystemExit])
def test_lack_of_memory_and_an_interrupt_are_no_damage(error):
    with pytest.raises(error):
        refuse(error())


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
    with pytest.raises(InvalidImage, match="Supported formats: PNG") as caught:
        inspect(ContentFile(photo()))
    assert caught.value.code == "not_an_image"


@pytest.mark.parametrize("position", [60, 200, 900])
def test_a_png_with_a_wrong_checksum_is_refused(position):
    content = bytearray(to_bytes(quarters(), "PNG"))
    content[position] ^= 0xFF
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(bytes(content)))
    assert caught.value.code == "damaged"


JPEG, PNG, GIF = (to_bytes(quarters(90, 70), name) for name in ("JPEG", "PNG", "GIF"))
COLOUR_TABLE = 13 + 3 * (2 << (GIF[10] & 7))
ICC = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000)))
FLOODS = {
    "jpeg fill bytes": JPEG[:2] + b"\xff" * 5_000_000 + JPEG[2:],
    "jpeg comments": JPEG[:2] + b"\xff\xfe\0\2" * 1_000_000 + JPEG[2:],
    "jpeg segments": JPEG[:2] + b"\xff\xe5\0\2" * 1_000_000 + JPEG[2:],
    "png profiles": PNG[:33] + ICC * 5000 + PNG[33:],
    "png chunks": PNG[:33] + chunk(b"prVt", b"") * 400_000 + PNG[33:],
    "png empty pixels": PNG[:33] + chunk(b"IDAT", b"") * 400_000 + PNG[33:],
    "gif comments": GIF[:COLOUR_TABLE] + b"\x21\xfe\1x\0" * 1_000_000 + GIF[COLOUR_TABLE:],
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_file_of_countless_tiny_parts_is_refused_before_it_costs_memory(flood):
    content = FLOODS[flood]
    tracemalloc.start()
    with pytest.raises(InvalidImage) as caught:
        inspect(ContentFile(content))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert caught.value.code == "too_complex"
    assert "too many internal parts" in str(caught.value)


def large_png(chunk_size: int) -> bytes:
    """19 MB of noise, in chunks of this size."""
    rows = b"".join(b"\0" + os.urandom(4400 * 3) for _ in range(1450))
    pixels = zlib.compress(rows, 0)
    cut = range(0, len(pixels), chunk_size)
    parts = [chunk(b"IDAT", pixels[at : at + chunk_size]) for at in cut]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4400, 1450, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts) + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


XMP = b"\x21\xff\x0bXMP DataXMP" + (b"\x50" + b"x" * 80) * 1300 + b"\0"
LEGAL = {
    "PNG in the chunks of libpng, 8 KiB": large_png(8192),
    "PNG in chunks of 512 bytes": large_png(512),
    "PNG in chunks of 256 bytes": large_png(256),
    "JPEG of 500 segments": JPEG[:2] + segment(0xE5, b"x" * 100) * 500 + JPEG[2:],
    "JPEG of 15,000 segments": JPEG[:2] + segment(0xE5, b"x" * 100) * 15_000 + JPEG[2:],
    "GIF with 100 KB of XMP": GIF[:COLOUR_TABLE] + XMP + GIF[COLOUR_TABLE:],
    "GIF with 1 MB of XMP": GIF[:COLOUR_TABLE] + XMP * 10 + GIF[COLOUR_TABLE:],
}


@pytest.mark.parametrize("case", LEGAL)
def test_a_legal_file_of_many_parts_is_no_flood(case):
    file = ContentFile(LEGAL[case])
    facts = inspect(file)
    assert facts.width in (90, 4400)
    assert decode(file, plan(facts, DEFAULT_VERSIONS)).size[0] in (90, 4400)


XMP_TURN = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("exif", [False, True])
def test_the_orientation_in_xmp_is_not_obeyed_as_in_browsers(format, exif):
    other = Image.Exif()
    other[0x010F] = "Camera maker"
    options = {"exif": other} if exif else {}
    if format == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP_TURN)
    else:
        options["xmp"] = XMP_TURN.encode()
    content = to_bytes(quarters(80, 40), format, **options)
    assert b"tiff:Orientation" in content
    facts = inspect(ContentFile(content))
    assert (facts.width, facts.height, facts.orientation) == (80, 40, 1)
