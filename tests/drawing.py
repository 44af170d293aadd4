"""Draws the images for the tests, so that nothing is downloaded or stored in the repository."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms, ImageDraw

from tests.attacks import timeless_animation

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 160, 60), (30, 60, 200), (230, 210, 40)
QUARTERS = [RED, GREEN, BLUE, YELLOW]
_STORED_AS = {  # how a camera stores an upright picture, by EXIF orientation
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Red and green above blue and yellow, so that any rotation or reflection is visible."""
    picture = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(picture)
    x, y = width // 2, height // 2
    draw.rectangle((x, 0, width, y - 1), fill=GREEN)
    draw.rectangle((0, y, x - 1, height), fill=BLUE)
    draw.rectangle((x, y, width, height), fill=YELLOW)
    return picture.convert(mode)


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the centre of each quarter of a picture, row by row."""
    rgb = picture.convert("RGB")
    xs, ys = (rgb.width // 4, rgb.width * 3 // 4), (rgb.height // 4, rgb.height * 3 // 4)
    return [rgb.getpixel((x, y)) for y in ys for x in xs]  # type: ignore[misc]


def looks_like(
    found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], within: int = 12
) -> bool:
    return all(
        abs(a - b) <= within
        for one, other in zip(found, wanted, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def to_bytes(picture: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def upload_of(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def photo(
    width: int = 400, height: int = 300, *, orientation: int | None = None, **options: Any
) -> bytes:
    """A JPEG that shows ``quarters`` upright, with ``width`` x ``height`` pixels as displayed."""
    picture = quarters(width, height)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
        exif[0x010F] = "Camera maker"
        exif.get_ifd(0x8825)[1] = "N"  # a GPS latitude reference
        turn = _STORED_AS.get(orientation)
        picture = picture.transpose(turn) if turn is not None else picture
    return to_bytes(picture, **({"quality": 92, "exif": exif} | options))


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    colour: int = 0,
    rows: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    """A PNG built from chunks, for contents that Pillow cannot write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    """A PNG of a few kB that claims 30000 x 30000 pixels."""
    return png(30000, 30000, depth=1, rows=b"\0" * 3_000_000)


def swapped_srgb(name: str = "Swap") -> bytes:
    """sRGB with red and blue exchanged and another name: using it shows."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ", b"tmpX")
        .replace(b"bXYZ", b"rXYZ")
        .replace(b"tmpX", b"bXYZ")
        .replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED: dict[str, tuple[str, bytes, str]] = {
    # name of the case: (file name, content, error code)
    "text named photo.png": ("photo.png", b"This is no picture.\n" * 20, "not_an_image"),
    "svg": ("logo.svg", SVG, "not_an_image"),
    "svg named photo.jpg": ("photo.jpg", SVG, "not_an_image"),
    "truncated jpeg": ("photo.jpg", photo(800, 600)[:-2000], "damaged"),
    "jpeg cut in its header": ("photo.jpg", photo(800, 600)[:300], "damaged"),
    "truncated png": ("photo.png", to_bytes(quarters(), "PNG")[:-60], "damaged"),
    "truncated webp": ("photo.webp", to_bytes(quarters(), "WEBP")[:-60], "damaged"),
    "timeless avif": ("photo.avif", timeless_animation(), "damaged"),
    "truncated avif": ("photo.avif", to_bytes(quarters(), "AVIF")[:-60], "damaged"),
    "truncated gif": ("photo.gif", to_bytes(quarters(), "GIF")[:-200], "damaged"),
    "png of 900 million pixels": ("photo.png", bomb(), "too_many_pixels"),
    "zero bytes": ("photo.jpg", b"", "empty"),
    "signature only": ("photo.jpg", b"\xff\xd8\xff\xe0", "not_an_image"),
    "zeros": ("photo.jpg", bytes(5000), "not_an_image"),
    "tiff": ("photo.jpg", to_bytes(quarters(), "TIFF"), "not_an_image"),
    "pdf": ("photo.jpg", to_bytes(quarters(), "PDF"), "not_an_image"),
    "eps": ("photo.jpg", to_bytes(quarters(), "EPS"), "not_an_image"),
}
