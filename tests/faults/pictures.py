"""Photos for the campaign: a few are drawn, and each is then made different from all others."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

_SIZES = [(320, 240), (900, 600), (700, 1200)]


def picture(seed: int) -> bytes:
    """A JPEG of its own for each ``seed``: a comment makes the bytes differ."""
    drawn = _drawn(_SIZES[seed % len(_SIZES)])
    comment = f"{seed:020d}".encode()
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return drawn[:2] + segment + drawn[2:]


@cache
def _drawn(size: tuple[int, int]) -> bytes:
    picture = Image.effect_noise((64, 64), 60).resize(size).convert("RGB")
    picture.paste((200, 60, 40), (0, 0, size[0] // 2, size[1] // 3))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
