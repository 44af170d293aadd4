"""How much memory an original will need, known from its header.

Measured with ``benchmarks/worst_files.py`` and rounded up: what decoders allocate, and what the
first conversion and scaling add while the decoded picture still exists.
"""

from __future__ import annotations

from typing import Final

from PIL.ImageFile import ImageFile

from django_polyimages.formats import OriginalFormat
from django_polyimages.pixels.parts import Parts

_BY_MODE: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}  # bytes per pixel in Pillow
_OTHER_MODES: Final = 4
_COEFFICIENT: Final = 2  # bytes that libjpeg holds per pixel and channel of a file with many scans
_WEBP: Final = 16  # libwebp has two canvases, Pillow the picture and a copy for it
_AVIF: Final = 26  # 8 bits need 11, 12 bits with transparency 18, with film grain 26
_STRIP: Final = 24, 2_500_000  # bytes per pixel of a strip, and its pixels; see ``strips``
PER_PIXEL_OF_A_VERSION: Final = 16
"""Bytes per pixel of the versions: scaled, copied for the encoder, and encoded."""


def memory_of(image: ImageFile, parts: Parts) -> int:
    """How many bytes decoding ``image`` may need, of which only the header has been read."""
    each = {"WEBP": _WEBP, "AVIF": _AVIF}.get(str(image.format))
    if each is None:
        each = _BY_MODE.get(image.mode, _OTHER_MODES)
        each += _COEFFICIENT * len(image.getbands()) if parts.in_scans else 0
        each += 0 if is_covered(image) else _OTHER_MODES
    # The frames of an AVIF are those of the colours and of the transparency.
    return _with_strip(max(image.width * image.height, parts.pixels // 2), each)


def is_covered(image: ImageFile) -> bool:
    """Whether the first frame is as large as its canvas, or says what the rest looks like.

    If not, which only GIF allows, the picture becomes one with transparency.
    """
    extents = image.tile[0].extents if image.tile else None
    return (
        image.format != "GIF"
        or extents in (None, (0, 0, *image.size))
        or "transparency" in image.info
    )


def worst_of(name: OriginalFormat, pixels: int) -> int:
    """How many bytes the worst original of this format with so many pixels may need."""
    if name == "JPEG":
        return max(
            _with_strip(most_in_scans(pixels, channels), _OTHER_MODES + _COEFFICIENT * channels)
            for channels in (3, 4)
        )
    each = {"WEBP": _WEBP, "AVIF": _AVIF, "GIF": _OTHER_MODES + 1}.get(name, _OTHER_MODES)
    return _with_strip(pixels, each)


def most_in_scans(pixels: int, channels: int) -> int:
    """How many pixels a JPEG in several scans may have, where ``pixels`` are allowed otherwise.

    The coefficients of a fourth channel would make CMYK the kind that needs by far the most.
    """
    return pixels * 3 // max(channels, 3)


def _with_strip(pixels: int, each: int) -> int:
    per_pixel, most = _STRIP
    return pixels * each + per_pixel * min(pixels, most)
