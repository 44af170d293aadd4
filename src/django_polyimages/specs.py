"""Version specs as plain values, independent of Django, Pillow and settings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from django_polyimages.formats import FORMATS, VersionFormat

VersionMode = Literal["fit", "fill"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SUFFIX = re.compile(r"_[a-z0-9]+(?:_[a-z0-9]+)*")
MAX_SIDE = 16383
"""The maximum side of a WebP picture in pixels (RFC 9649, section 2.5: 14 bits)."""


@dataclass(frozen=True, slots=True)
class FocalPoint:
    """The point of a picture around which it is cropped.

    Raises ``ValueError`` for a point outside the picture.
    """

    x: float = 0.5
    """From 0 (left edge) to 1 (right edge)."""
    y: float = 0.5
    """From 0 (upper edge) to 1 (lower edge)."""

    def __post_init__(self) -> None:
        sides: tuple[Any, Any] = (self.x, self.y)
        if not all(isinstance(side, int | float) and 0 <= side <= 1 for side in sides):
            raise ValueError(f"focal point ({self.x!r}, {self.y!r}): both must be from 0 to 1")


CENTRE = FocalPoint()


@dataclass(frozen=True, slots=True)
class Target:
    """The pixels of one version of one picture."""

    size: tuple[int, int]
    """Width and height of the version in pixels."""
    crop: tuple[int, int, int, int]
    """Left, upper, right and lower edge of the visible part, in pixels of the upright original."""


@dataclass(frozen=True, slots=True)
class VersionSpec:
    """Describes a version that is generated for every original.

    ``VersionSpec("thumb", 160, 160, quality=65)`` is a WebP picture in a box of 160x160 pixels.

    Raises ``ValueError`` for invalid values.
    """

    name: str
    """The name in templates and the API: lower case letters, digits and single underscores."""
    width: int
    """Width of the box in pixels."""
    height: int
    """Height of the box in pixels."""
    quality: int = 80
    """From 1 (small file) to 100 (best picture); ignored for PNG."""
    format: VersionFormat = "WEBP"
    """``WEBP``, ``AVIF``, ``JPEG`` or ``PNG``."""
    mode: VersionMode = "fit"
    """``fit`` scales the whole picture to fit into the box. ``fill`` fills the box and crops the
    edges around the focal point.
    """
    suffix: str = ""
    """Inserted into the key before the extension; ``_<name>`` by default."""

    def __post_init__(self) -> None:
        if not self.suffix:
            object.__setattr__(self, "suffix", f"_{self.name}")
        for complaint in self._complaints():
            raise ValueError(f"version {self.name!r}: {complaint}")

    def _complaints(self) -> Iterator[str]:
        if not _NAME.fullmatch(str(self.name)):
            yield "a name must consist of lower case letters, digits and single underscores"
        if not _SUFFIX.fullmatch(str(self.suffix)):
            yield (
                f"the suffix must be an underscore and then lower case letters and digits, not "
                f"{self.suffix!r}"
            )
        for side in (self.width, self.height):
            if type(side) is not int or not 1 <= side <= MAX_SIDE:
                yield f"width and height must be from 1 to {MAX_SIDE} pixels, not {side!r}"
        if type(self.quality) is not int or not 1 <= self.quality <= 100:
            yield f"quality must be from 1 to 100, not {self.quality!r}"
        for value, choices in ((self.format, VersionFormat), (self.mode, VersionMode)):
            if value not in get_args(choices):
                yield f"{value!r} is not one of {', '.join(get_args(choices))}"

    @property
    def extension(self) -> str:
        """The extension of the version's key, without a dot."""
        return FORMATS[self.format].extension

    @property
    def digest(self) -> str:
        """Twelve hex digits that depend on everything that affects the bytes of the version.

        Name and suffix are not included, because they only affect the key.
        """
        return self.digest_at(CENTRE)

    def digest_at(self, focal_point: FocalPoint) -> str:
        """``digest`` for a picture with this focal point, which ``fit`` ignores."""
        if self.mode == "fill" and focal_point != CENTRE:
            return _digest_of(self, focal_point=asdict(focal_point))
        return _digest_at_centre(self)

    def target(self, width: int, height: int, focal_point: FocalPoint = CENTRE) -> Target:
        """The version's pixels for an upright original of ``width`` x ``height`` pixels.

        Never larger than the original, and at least one pixel wide and high.
        """
        if self.mode == "fit":
            return Target(_fit(width, height, self.width, self.height), (0, 0, width, height))
        # The largest part of the original with the proportions of the box, centred on the focal
        # point as far as the edges allow.
        crop_width, crop_height = _fit(self.width, self.height, width, height, upscale=True)
        left = _around(focal_point.x, crop_width, width)
        upper = _around(focal_point.y, crop_height, height)
        size = (min(self.width, crop_width), min(self.height, crop_height))
        return Target(size, (left, upper, left + crop_width, upper + crop_height))


def _digest_of(spec: VersionSpec, **more: object) -> str:
    facts = asdict(spec) | more
    del facts["name"], facts["suffix"]
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@lru_cache(maxsize=100)
def _digest_at_centre(spec: VersionSpec) -> str:
    """Kept, because whoever looks for outdated versions compares it with four of each image."""
    return _digest_of(spec)


def _fit(
    width: int, height: int, box_width: int, box_height: int, *, upscale: bool = False
) -> tuple[int, int]:
    """The largest size with the proportions of ``width`` x ``height`` that fits into the box."""
    if width <= box_width and height <= box_height and not upscale:
        return width, height
    if width * box_height >= height * box_width:
        return box_width, max(1, _divide(height * box_width, width))
    return max(1, _divide(width * box_height, height)), box_height


def _around(point: float, length: int, side: int) -> int:
    """Where a part of ``length`` pixels starts on a side so that ``point`` is in its middle."""
    return min(max(int(point * side) - length // 2, 0), side - length)


def _divide(numerator: int, denominator: int) -> int:
    """The quotient with halves rounded up, which is exact, unlike floats and ``round()``."""
    return (2 * numerator + denominator) // (2 * denominator)


DEFAULT_VERSIONS: tuple[VersionSpec, ...] = (
    VersionSpec("thumb", 160, 160, quality=65),
    VersionSpec("sm", 640, 640, quality=80),
    VersionSpec("md", 1024, 1024, quality=85),
    VersionSpec("lg", 2048, 2048, quality=85),
)
