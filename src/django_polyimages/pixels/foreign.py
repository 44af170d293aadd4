"""What a file is that no decoder takes, for a message that helps; known from its first bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

FIRST: Final = 512
"""How many bytes of a file are looked at."""
_STARTS: Final = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"8BPS": "Photoshop (PSD)",
    b"%PDF-": "PDF",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\1\0": "ICO",
    b"gimp xcf": "GIMP (XCF)",
    b"FUJIFILMCCD-RAW": "RAW",
    b"IIU\0": "RAW",
    b"IIRO": "RAW",
    b"IIRS": "RAW",
    b"\x1aE\xdf\xa3": "video",
    b"\0\0\1\xba": "video",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
}
_MEDIA_TYPES: Final = {
    "application/pdf": "PDF",
    "image/bmp": "BMP",
    "image/heic": "HEIC",
    "image/heif": "HEIC",
    "image/svg+xml": "SVG",
    "image/tiff": "TIFF",
    "text/html": "page",
}
_AVIF: Final = {b"avif", b"avis"}
_HEIC: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_BMP: Final = re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)
_SVG: Final = re.compile(rb"\s*(<\?xml.*?)?(<!--.*?-->\s*)*(<!DOCTYPE svg.*)?<svg[\s>]", re.DOTALL)
_PAGE: Final = re.compile(rb"\s*(<!doctype html|<html)[\s>]", re.IGNORECASE)


def kind_of(start: bytes) -> str:
    """The name of the format of a file that starts like this; empty if it is not known.

    ``video``, ``RAW`` and ``page`` are kinds, not formats.
    """
    if start[4:8] == b"ftyp":
        return _kind_of_brands(start)
    if start.startswith(b"RIFF"):
        return {b"WEBP": "WEBP", b"AVI ": "video"}.get(start[8:12], "")
    if start.startswith((b"II*\0", b"MM\0*")) and start[8:10] == b"CR":
        return "RAW"  # of Canon
    for signature, name in _STARTS.items():
        if start.startswith(signature):
            return name
    text = start.removeprefix(b"\xef\xbb\xbf")
    for name, pattern in (("BMP", _BMP), ("SVG", _SVG), ("page", _PAGE)):
        if pattern.match(text):
            return name
    return ""


def _kind_of_brands(start: bytes) -> str:
    """Of a file of ISO boxes, the first of which lists what can read it (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[place : place + 4] for place in range(16, end, 4))}
    if brands & _AVIF:
        return "AVIF"
    if brands & _HEIC:
        return "HEIC"
    return "RAW" if b"crx " in brands else "video"


def kind_of_media_type(media_type: str) -> str:
    """The name of the format that a client calls ``media_type``; empty if it is not known."""
    return "video" if media_type.startswith("video/") else _MEDIA_TYPES.get(media_type, "")


def message_of(kind: str, formats: Sequence[str]) -> str:
    """Why a file of this kind is refused, and what is allowed instead."""
    facts = {"kind": kind, "formats": ", ".join(formats)}
    if kind == "HEIC":
        return (
            _("This is a HEIC image. Supported formats: %(formats)s. On an iPhone, choose “Most "
              "Compatible” under Settings > Camera > Formats; for an existing image, choose it "
              "under Options when you select the image.")
            % facts
        )  # fmt: skip
    messages = {
        "": _("Unsupported image format or damaged file. Supported formats: %(formats)s."),
        "video": _("This is a video, not an image. Supported formats: %(formats)s."),
        "page": _("This is a web page, not an image. Supported formats: %(formats)s."),
        "RAW": _("This is a RAW image from a camera. Supported formats: %(formats)s."),
    }
    default = _("This file is in %(kind)s format. Supported formats: %(formats)s.")
    return messages.get(kind, default) % facts
