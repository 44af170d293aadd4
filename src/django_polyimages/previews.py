"""What stands in for a picture while it loads: its dominant colour and a tiny picture."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import cast

from PIL import Image

SIDE = 24
"""Pixels of the longer side: about 100 bytes as WebP, and enough to recognise the picture."""
_QUALITY = 40
_COLOURS = 5
_OPAQUE = 128


@dataclass(frozen=True, slots=True)
class Preview:
    """Both are empty for a picture of which nothing is known."""

    color: str = ""
    """The most frequent of five colours, as ``#rrggbb``; empty where nothing is opaque."""
    data_uri: str = ""
    """A WebP picture of at most 24 pixels a side, as ``data:image/webp;base64,...``; empty for a
    picture that one can see through, behind which it would stay visible.
    """


def preview_of(picture: Image.Image) -> Preview:
    """The preview of a whole picture, at no decode of its own."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    # reducing_gap: whole blocks of pixels are averaged first, which costs 2 ms instead of 20.
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    color = _dominant_color(small)
    return Preview(color, _data_uri(small) if _is_opaque(small) else "")


def _is_opaque(small: Image.Image) -> bool:
    """Of screenshots too, which have an alpha channel and no use for it."""
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
