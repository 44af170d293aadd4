"""Converts and scales a large picture strip by strip.

Conversions, and the copy with premultiplied transparency that scaling makes, need as much memory as
the picture itself, or several times as much. So they exist for one strip at a time, as does what is
scaled in one direction only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

from PIL import Image

from django_polyimages.pixels.colours import is_simple, simple_mode
from django_polyimages.pixels.resampling import Size, scaled

PIXELS: Final = 2_000_000
"""Of a strip: at most 16 bytes each."""
_BETWEEN: Final = 3_500_000
"""Pixels of a strip that are scaled in one direction only, of four bytes each."""
_WITH_ALPHA: Final = ("LA", "RGBA")  # of which scaling makes a copy
_REACH: Final = 3  # how many pixels of the result a pixel of the original affects in each direction
_FEWEST: Final = 2
"""Strips of a picture that needs no conversion, so that two threads can share the work."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Each(Protocol):
    """Does a piece of work for each item, and gives the results in their order."""

    def __call__(
        self, work: Callable[[_Item], _Result], items: Iterable[_Item], /
    ) -> Iterable[_Result]: ...


def in_turn(work: Callable[[_Item], _Result], items: Iterable[_Item], /) -> Iterator[_Result]:
    """One after the other, in this thread."""
    return map(work, items)


def resized(picture: Image.Image, size: Size, *, each: Each = in_turn) -> Image.Image:
    """``picture``, of any mode, in one that ``simple_mode()`` returns and with ``size``.

    The result is that of converting and scaling the whole picture. ``each`` scales the strips of a
    picture that needs no conversion, and may use other threads.
    """
    if picture.size == size:
        return simple_mode(picture)
    if is_simple(picture) and picture.mode not in _WITH_ALPHA:
        return joined(_parts(picture, size, each), size)
    if 4 * _margin(picture.height / size[1]) * picture.width > PIXELS:
        picture = _narrowed(picture, size[0])
    return joined(_strips(picture, size), size)


def joined(strips: Iterator[tuple[int, Image.Image]], size: Size) -> Image.Image:
    """A picture of ``size`` from its strips in order, each with its first row."""
    _upper, strip = next(strips)
    if strip.size == size:
        return strip
    whole = Image.new(strip.mode, size, None)
    whole.paste(strip, (0, 0))
    for upper, strip in strips:
        whole.paste(strip, (0, upper))
    return whole


def _parts(picture: Image.Image, size: Size, each: Each) -> Iterator[tuple[int, Image.Image]]:
    """Each strip of the result, and its first row, of a picture that needs no other mode.

    Nothing is copied; between its two directions, scaling holds the rows of one strip.
    """
    width, height = size
    scale = picture.height / height
    step = max(1, min(int(_BETWEEN / width / scale), math.ceil(height / _FEWEST)))

    def part(upper: int) -> tuple[int, Image.Image]:
        lower = min(upper + step, height)
        box = (0, upper * scale, picture.width, min(lower * scale, picture.height))
        return upper, scaled(picture, (width, lower - upper), box=box)

    return iter(each(part, range(0, height, step)))


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    """``picture`` scaled in one direction, which needs no rows of its neighbours for a strip.

    In a picture of 65,500 x 700 pixels, those would be most of it. Pillow scales in this order too.
    """
    rows = max(1, PIXELS // picture.width)
    whole = None
    for upper in range(0, picture.height, rows):
        lower = min(upper + rows, picture.height)
        strip = simple_mode(picture.crop((0, upper, picture.width, lower)))
        strip = scaled(strip, (width, lower - upper))
        whole = whole or Image.new(strip.mode, (width, picture.height))
        whole.paste(strip, (0, upper))
    return whole or picture


def _margin(scale: float) -> int:
    """How many rows beyond a strip its pixels depend on."""
    return math.ceil(_REACH * max(scale, 1)) + 1


def _strips(picture: Image.Image, size: Size) -> Iterator[tuple[int, Image.Image]]:
    """Each strip of the result, and its first row."""
    width, height = size
    scale = picture.height / height
    margin = _margin(scale)
    step = max(1, int(max(PIXELS / picture.width, 2 * margin) / scale))
    for upper in range(0, height, step):
        lower = min(upper + step, height)
        first = max(0, int(upper * scale) - margin)
        last = min(picture.height, math.ceil(lower * scale) + margin)
        strip = simple_mode(picture.crop((0, first, picture.width, last)))
        box = (0, upper * scale - first, picture.width, min(lower * scale, picture.height) - first)
        yield upper, scaled(strip, (width, lower - upper), box=box)
