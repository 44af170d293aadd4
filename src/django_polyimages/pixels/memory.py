"""How much memory an original will need, known from its header.

Measured with ``benchmarks/worst_files.py`` and rounded up: what decoders allocate, and what the
conversions up to the first scaling add while the decoded picture still exists.
"""

from __future__ import annotations

from typing import Final

from PIL import Image

from django_polyimages.formats import OriginalFormat

_TRANSPARENT: Final = 13  # bytes per pixel: four as decoded, as RGBA and premultiplied
_BY_MODE: Final = {"1": 2, "L": 2, "P": 6, "RGB": 5}  # PNG and GIF
_OTHER_MODES: Final = 9
_JPEG_CMYK: Final = 12
_WEBP: Final = 18  # libwebp has two canvases and a copy for Pillow
_AVIF: Final = 24  # 10 and 12 bits, film grain and grids need about twice what 8 bits need
PER_PIXEL_OF_A_VERSION: Final = 16
"""Bytes per pixel of the largest version: scaled, copied for the encoder, and encoded."""


def memory_of(image: Image.Image) -> int:
    """How many bytes decoding ``image`` may need, of which only the header has been read."""
    return image.width * image.height * _bytes_per_pixel(image)


def _bytes_per_pixel(image: Image.Image) -> int:
    if image.format in ("JPEG", "MPO"):
        # libjpeg holds the coefficients of a file with several scans, two bytes for each channel.
        return 2 * len(image.getbands()) + 4
    if image.format == "WEBP":
        return _WEBP
    if image.format == "AVIF":
        return _AVIF
    if "transparency" in image.info:
        return _TRANSPARENT
    return _BY_MODE.get(image.mode, _OTHER_MODES)


def worst_of(name: OriginalFormat, pixels: int) -> int:
    """How many bytes the worst original of this format with so many pixels may need."""
    return pixels * {"JPEG": _JPEG_CMYK, "WEBP": _WEBP, "AVIF": _AVIF}.get(name, _TRANSPARENT)
