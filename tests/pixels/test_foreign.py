from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_polyimages import InvalidImage
from django_polyimages.pixels.foreign import kind_of
from django_polyimages.pixels.inspection import inspect
from tests import attacks
from tests.drawing import SVG, quarters, to_bytes


def ftyp(major: bytes, *brands: bytes) -> bytes:
    head = attacks.box(b"ftyp", major + bytes(4) + b"".join(brands))
    return head + attacks.box(b"mdat", bytes(1000))


FILES = {  # each as its format's specification lets it start
    "HEIC": [
        ftyp(b"heic", b"mif1", b"heic"), ftyp(b"mif1", b"heic"), ftyp(b"msf1", b"hevc"),
        ftyp(b"heic", b"mif1", b"MiHE", b"MiPr", b"miaf", b"MiHB", b"heic"),
    ],
    "video": [
        ftyp(b"qt  ", b"qt  "), ftyp(b"isom", b"mp42"), ftyp(b"M4V "), b"\x1aE\xdf\xa3" + bytes(99),
        b"RIFF\0\0\0\0AVI LIST",
    ],
    "RAW": [
        ftyp(b"crx ", b"crx ", b"isom"), b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW 0201",
        b"IIU\0\x18\0\0\0", b"IIRO\x08\0\0\0",
    ],
    "TIFF": [to_bytes(quarters(), "TIFF"), b"MM\0*\0\0\0\x08"],
    "BMP": [to_bytes(quarters(), "BMP")],
    "PDF": [to_bytes(quarters(), "PDF")],
    "PostScript": [to_bytes(quarters(), "EPS")],
    "ICO": [to_bytes(quarters(), "ICO")],
    "JPEG 2000": [to_bytes(quarters(), "JPEG2000")],
    "JPEG XL": [b"\xff\x0a\xfa\x1f", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "],
    "Photoshop (PSD)": [b"8BPS\0\1" + bytes(20)],
    "GIMP (XCF)": [b"gimp xcf v011\0"],
    "SVG": [
        SVG, b"\xef\xbb\xbf" + SVG, b'<?xml version="1.0"?>\n<!-- made by -->\n' + SVG,
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x.dtd'>\n" + SVG,
    ],
    "page": [b"<!DOCTYPE html><title>404</title>", b"\n<html>"],
}  # fmt: skip
CASES = [(kind, content) for kind, contents in FILES.items() for content in contents]


@pytest.mark.parametrize(("kind", "content"), CASES)
def test_a_file_is_known_by_its_first_bytes(kind, content):
    assert kind_of(content[:512]) == kind


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_what_can_be_allowed_is_known_as_well(format):
    assert kind_of(to_bytes(quarters(), format)[:512]) == format


def test_an_avif_is_one_whatever_its_first_brand():
    assert kind_of(ftyp(b"mif1", b"miaf", b"avif")) == "AVIF"


@pytest.mark.parametrize("content", [b"", b"B", bytes(100), b"text", b"BMW is a car", b"<p>"])
def test_anything_else_is_not_known(content):
    assert kind_of(content) == ""


@pytest.mark.parametrize(("kind", "content"), CASES)
def test_the_message_says_what_the_file_is_and_no_decoder_starts(kind, content, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *args, **options: pytest.fail("was opened"))
    words = {
        "page": "This is a web page",
        "RAW": "This is a RAW image",
        "HEIC": "This is a HEIC image",
        "video": "This is a video",
    }
    with pytest.raises(InvalidImage, match="Supported formats: ") as caught:
        inspect(ContentFile(content, "photo.jpg"))
    assert words.get(kind, f"This file is in {kind} format") in str(caught.value)
    assert caught.value.code == "not_an_image"


def test_the_owner_of_an_iphone_is_told_what_to_do():
    with pytest.raises(InvalidImage, match="On an iPhone, choose “Most Compatible”"):
        inspect(ContentFile(FILES["HEIC"][0]))


def test_a_format_that_the_settings_leave_out_is_named(settings):
    settings.POLYIMAGES = {"FORMATS": ["PNG"]}
    with pytest.raises(InvalidImage, match=r"This file is in GIF format\. Supported formats: PNG"):
        inspect(ContentFile(to_bytes(quarters(), "GIF")))
