"""The image formats of originals and versions, each described once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OriginalFormat = Literal["JPEG", "PNG", "WEBP", "GIF", "AVIF"]
VersionFormat = Literal["WEBP", "AVIF", "JPEG", "PNG"]


@dataclass(frozen=True, slots=True)
class Format:
    """An image format that Pillow can read and, if it is a format for versions, write."""

    media_type: str
    extension: str
    """The extension in a key, without a dot."""
    pillow_feature: str
    """The feature for ``PIL.features.check()``; empty if Pillow always supports the format."""


FORMATS: dict[OriginalFormat, Format] = {
    "JPEG": Format("image/jpeg", "jpg", "jpg"),
    "PNG": Format("image/png", "png", "zlib"),
    "WEBP": Format("image/webp", "webp", "webp"),
    "GIF": Format("image/gif", "gif", ""),
    "AVIF": Format("image/avif", "avif", "avif"),
}
"""By the name in Pillow, in ``VersionSpec`` and in the setting ``FORMATS``."""

BEST_FIRST: tuple[VersionFormat, ...] = ("AVIF", "WEBP", "JPEG", "PNG")
"""The order in which a page offers them: a browser uses the first one that it supports, and every
browser supports the last two.
"""
