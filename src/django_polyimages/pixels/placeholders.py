"""Placeholders, shown while a picture loads: its dominant colour and a tiny picture."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import cast

from PIL import Image

from django_polyimages.pixels.resampling import scaled

SIDES = sorted(range(16, 33), key=lambda side: abs(side - 24))
"""Possible lengths of the longer side in pixels: about 100 bytes as WebP, and enough to recognise
the picture. The one that keeps the proportions best is used, so that no edge is visible.
"""
_QUALITY = 40
_COLOURS = 5
_OPAQUE = 128


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What is shown while a picture loads. Both values are empty if nothing is known about it."""

    color: str = ""
    """The most frequent of five colours, as ``#rrggbb``; empty if nothing is opaque."""
    data_uri: str = ""
    """A WebP picture of at most 32 pixels a side, as ``data:image/webp;base64,...``; empty for a
    transparent picture, behind which it would stay visible.
    """


def placeholder_of(picture: Image.Image) -> Placeholder:
    """The placeholder of a decoded, uncropped picture. A smaller picture takes less time."""
    size = _size_of(*picture.size)
    small = scaled(picture, size, gap=2.0)
    color = _dominant_color(small)
    return Placeholder(color, _data_uri(small) if _is_opaque(small) else "")


def _size_of(width: int, height: int) -> tuple[int, int]:
    longer, shorter = max(width, height), min(width, height)
    sizes = [(side, max(1, round(side * shorter / longer))) for side in SIDES]
    size = min(sizes, key=lambda size: abs(size[1] / size[0] * longer / shorter - 1))
    return size if width >= height else (size[1], size[0])


def _is_opaque(small: Image.Image) -> bool:
    """Whether no pixel is transparent, as in screenshots that have an unused alpha channel."""
    least, _most = cast("tuple[int, int]", small.convert("RGBA").getchannel("A").getextrema())
    return least == 255


def _data_uri(small: Image.Image) -> str:
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=6)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/webp;base64,{encoded}"


def _dominant_color(small: Image.Image) -> str:
    data = small.convert("RGBA").tobytes()
    pixels = [data[at : at + 4] for at in range(0, len(data), 4)]
    opaque = [pixel[:3] for pixel in pixels if pixel[3] >= _OPAQUE]
    if not opaque:
        return ""
    strip = Image.frombytes("RGB", (len(opaque), 1), b"".join(opaque))
    _count, color = max(strip.quantize(_COLOURS).convert("RGB").getcolors() or [])
    return "#" + bytes(cast("tuple[int, int, int]", color)).hex()
