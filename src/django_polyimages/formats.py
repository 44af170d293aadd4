"""Each image format once: what originals and versions can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OriginalFormat = Literal["JPEG", "PNG", "WEBP", "GIF", "AVIF"]
VersionFormat = Literal["WEBP", "AVIF", "JPEG", "PNG"]


@dataclass(frozen=True, slots=True)
class Format:
    """An image format that Pillow reads, and writes where it is a version's too."""

    media_type: str
    extension: str
    """Of a key, without a dot."""
    pillow_feature: str
    """The library that ``PIL.features.check()`` asks for; empty where Pillow needs none."""


FORMATS: dict[OriginalFormat, Format] = {
    "JPEG": Format("image/jpeg", "jpg", "jpg"),
    "PNG": Format("image/png", "png", "zlib"),
    "WEBP": Format("image/webp", "webp", "webp"),
    "GIF": Format("image/gif", "gif", ""),
    "AVIF": Format("image/avif", "avif", "avif"),
}
"""By the name that Pillow, ``VersionSpec`` and the setting ``FORMATS`` use."""
