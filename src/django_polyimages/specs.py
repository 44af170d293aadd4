"""What a version looks like, as plain values: no Django, no Pillow, no settings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from django_polyimages.formats import FORMATS, VersionFormat

VersionMode = Literal["fit", "fill"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SUFFIX = re.compile(r"_[a-z0-9]+(?:_[a-z0-9]+)*")
MAX_SIDE = 16383
"""The longest side in pixels that a WebP file can have (RFC 9649, section 2.5: 14 bits)."""


@dataclass(frozen=True, slots=True)
class FocalPoint:
    """What of a picture must stay visible where its edges are cut off.

    Raises ``ValueError`` for a point outside of the picture.
    """

    x: float = 0.5
    """From 0, the left edge, to 1, the right one."""
    y: float = 0.5
    """From 0, the upper edge, to 1, the lower one."""

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError(f"focal point ({self.x!r}, {self.y!r}): allowed are 0 to 1")


CENTRE = FocalPoint()


@dataclass(frozen=True, slots=True)
class Target:
    """The pixels of one version of one picture."""

    size: tuple[int, int]
    """Width and height of the version in pixels."""
    crop: tuple[int, int, int, int]
    """Left, upper, right and lower edge of the part shown, in pixels of the upright original."""

    @property
    def scale(self) -> float:
        """How many pixels of the version one pixel of the original becomes, at most 1."""
        left, upper, right, lower = self.crop
        return max(self.size[0] / (right - left), self.size[1] / (lower - upper))


@dataclass(frozen=True, slots=True)
class VersionSpec:
    """One version that is made of every original.

    ``VersionSpec("thumb", 160, 160, quality=65)`` is a WebP picture inside a box of 160x160 pixels.

    Raises ``ValueError`` for a value that no version can have.
    """

    name: str
    """How templates and the API call it: lower case letters, digits and single underscores."""
    width: int
    """Width of the box in pixels."""
    height: int
    """Height of the box in pixels."""
    quality: int = 80
    """1 (small file) to 100 (fine picture); PNG has no use for it."""
    format: VersionFormat = "WEBP"
    """``WEBP``, ``AVIF``, ``JPEG`` or ``PNG``."""
    mode: VersionMode = "fit"
    """``fit``: the whole picture inside the box. ``fill``: the box filled, edges cut off around the
    focal point.
    """
    suffix: str = ""
    """What the key gains before its extension; ``_<name>`` unless given."""

    def __post_init__(self) -> None:
        if not self.suffix:
            object.__setattr__(self, "suffix", f"_{self.name}")
        for complaint in self._complaints():
            raise ValueError(f"version {self.name!r}: {complaint}")

    def _complaints(self) -> Iterator[str]:
        if not _NAME.fullmatch(str(self.name)):
            yield "a name has lower case letters, digits and single underscores"
        if not _SUFFIX.fullmatch(str(self.suffix)):
            yield f"suffix {self.suffix!r}: an underscore, then lower case letters and digits"
        for side in (self.width, self.height):
            if type(side) is not int or not 1 <= side <= MAX_SIDE:
                yield f"a side of {side!r} pixels, allowed are 1 to {MAX_SIDE}"
        if type(self.quality) is not int or not 1 <= self.quality <= 100:
            yield f"quality {self.quality!r}, allowed are 1 to 100"
        for value, choices in ((self.format, VersionFormat), (self.mode, VersionMode)):
            if value not in get_args(choices):
                yield f"{value!r} is none of {', '.join(get_args(choices))}"

    @property
    def extension(self) -> str:
        """The extension of the version's key, without a dot."""
        return FORMATS[self.format].extension

    @property
    def digest(self) -> str:
        """Twelve hex digits that change when the version's pixels or bytes would.

        The name and the suffix are left out: they only say where the version lies.
        """
        return self.digest_at(CENTRE)

    def digest_at(self, focal_point: FocalPoint) -> str:
        """``digest`` for a picture with this focal point; ``fit`` has no use for one."""
        facts: dict[str, object] = asdict(self)
        del facts["name"], facts["suffix"]
        if self.mode == "fill" and focal_point != CENTRE:
            facts["focal_point"] = asdict(focal_point)
        canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def target(self, width: int, height: int, focal_point: FocalPoint = CENTRE) -> Target:
        """The version's pixels for an upright original of ``width`` x ``height`` pixels.

        Never larger than the original, never empty: at least one pixel a side.
        """
        if self.mode == "fit":
            return Target(_fit(width, height, self.width, self.height), (0, 0, width, height))
        # The largest part of the original that has the box's proportions, with the focal point in
        # its middle or as near to it as the edges allow.
        crop_width, crop_height = _fit(self.width, self.height, width, height, upscale=True)
        left = _around(focal_point.x, crop_width, width)
        upper = _around(focal_point.y, crop_height, height)
        size = (min(self.width, crop_width), min(self.height, crop_height))
        return Target(size, (left, upper, left + crop_width, upper + crop_height))


def _fit(
    width: int, height: int, box_width: int, box_height: int, *, upscale: bool = False
) -> tuple[int, int]:
    """The size with the proportions of ``width`` x ``height`` that just fits into the box."""
    if width <= box_width and height <= box_height and not upscale:
        return width, height
    if width * box_height >= height * box_width:
        return box_width, max(1, _divide(height * box_width, width))
    return max(1, _divide(width * box_height, height)), box_height


def _around(point: float, length: int, side: int) -> int:
    """Where a part of ``length`` pixels begins on a side so that ``point`` is in its middle."""
    return min(max(int(point * side) - length // 2, 0), side - length)


def _divide(numerator: int, denominator: int) -> int:
    """The quotient, halves rounded up: exact for every size, unlike floats and ``round()``."""
    return (2 * numerator + denominator) // (2 * denominator)


DEFAULT_VERSIONS: tuple[VersionSpec, ...] = (
    VersionSpec("thumb", 160, 160, quality=65),
    VersionSpec("sm", 640, 640, quality=80),
    VersionSpec("md", 1024, 1024, quality=85),
    VersionSpec("lg", 2048, 2048, quality=85),
)
