"""Scales pictures. Nothing else in the package does, so that one place decides what does the work.

Pillow can. cykooz-resizer, which ``pip install "django-polyimages[fast]"`` brings, needs a tenth of
the time. It finds the pixels through the private C structure of Pillow's images, so it is used only
with releases of Pillow whose structure it knows, and only after it has scaled small pictures as
Pillow does. It uses no threads of its own, and releases the GIL as Pillow does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from math import ceil
from typing import Final, TypeAlias, cast

import PIL
from PIL import Image, ImageChops

logger = logging.getLogger("django_polyimages")

Size: TypeAlias = tuple[int, int]
Box: TypeAlias = tuple[float, float, float, float]
_Range: TypeAlias = tuple[int, int]
_Scale: TypeAlias = Callable[[Image.Image, Size, Box], Image.Image]

LANCZOS: Final = Image.Resampling.LANCZOS
_MODULE: Final = "cykooz_resizer"
_PILLOWS: Final = frozenset({"13"})
"""Major releases of Pillow with the structure that cykooz-resizer 4 reads: with another one it
would follow addresses that are none, and the process would end."""
_MODES: Final = ("L", "RGB", "RGBA", "CMYK")
_FAULTS: Final = (
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
)
"""What a build or a release that does not fit raises."""
_GRID: Final = 2**20
"""Of a pixel: sums of such numbers are exact, so that a part does not end behind the edge."""
_ROUNDING: Final = 3
"""Of 255: by how much the results may differ for one pixel of a smooth picture."""


def scaled(
    picture: Image.Image, size: Size, *, box: Box | None = None, gap: float | None = None
) -> Image.Image:
    """``picture``, or the part of it in ``box``, in ``size``, by LANCZOS.

    The mode stays. Transparent pixels have no effect on the colour of others. ``gap`` is Pillow's
    ``reducing_gap``: Pillow may average blocks of pixels first, and what is faster need not.
    """
    fast, _fault = _found()
    if fast and picture.mode in _MODES:
        try:
            return fast(picture, size, box or (0, 0, *picture.size))
        except _FAULTS as error:
            logger.warning("cykooz-resizer failed; Pillow scales this picture.", exc_info=error)
    return _by_pillow(picture, size, box, gap)


def is_fast() -> bool:
    """Whether scaling costs little compared with decoding."""
    return _found()[0] is not None


def scaler() -> str:
    """The name of what scales, for those who operate the site."""
    return "cykooz-resizer" if is_fast() else "Pillow"


def fault() -> str:
    """Why the resizer is not used though it is installed; empty if it is used or not installed."""
    return _found()[1]


def scaled_colours(
    plane: Image.Image, size: Size, *, shown: tuple[float, float] | None = None
) -> Image.Image:
    """A plane of colours without brightness, for each pixel of a picture of this ``size``.

    Each one of ``halved()`` becomes four equal pixels, so that the encoder finds it as it is.
    ``shown`` is that of ``halved()``, for a plane with as many pixels as the picture.
    """
    if plane.size == size:
        if shown in (None, size):
            return plane
        return plane.resize(size, Image.Resampling.HAMMING, box=(0, 0, *shown))
    if plane.size == half(size):
        box = (0, 0, size[0] / 2, size[1] / 2)
        return plane.resize(size, Image.Resampling.NEAREST, box=box)
    return plane.resize(size, Image.Resampling.BILINEAR)


def halved(
    plane: Image.Image, size: Size, *, shown: tuple[float, float] | None = None
) -> Image.Image:
    """A plane of colours for a picture of ``size``, of which the formats of the versions store half
    of the pixels in each direction.

    Where a side is odd, half of the last pixel is outside of the picture. ``shown`` is how much of
    ``plane`` is inside, by default all. Without that, colours would be displaced, by up to a pixel.
    """
    few = half(size)
    width, height = shown or plane.size
    if width >= 2 * few[0] and height >= 2 * few[1]:
        # Most decoders have doubled the colours.
        plane, width, height = plane.reduce(2), width / 2, height / 2
    box = (0, 0, width * 2 * few[0] / size[0], height * 2 * few[1] / size[1])
    plane = _covering(plane, (ceil(box[2]), ceil(box[3])))
    # As sharp as BICUBIC where it shrinks, in half of the time.
    is_small = plane.width < few[0] or plane.height < few[1]
    method = Image.Resampling.BILINEAR if is_small else Image.Resampling.HAMMING
    return plane.resize(few, method, box=box)


def half(size: Size) -> Size:
    """The size of the planes of colours in a picture of this size; an odd side is rounded up."""
    width, height = size
    return -(-width // 2), -(-height // 2)


def _covering(plane: Image.Image, size: Size) -> Image.Image:
    """``plane`` with its last columns and rows repeated, if ``size`` is larger."""
    right, below = (max(0, new - old) for new, old in zip(size, plane.size, strict=True))
    if not right and not below:
        return plane
    result = Image.new(plane.mode, (plane.width + right, plane.height + below))
    for corner in ((right, below), (right, 0), (0, below), (0, 0)):
        result.paste(plane, corner)
    return result


def _by_pillow(
    picture: Image.Image, size: Size, box: Box | None = None, gap: float | None = None
) -> Image.Image:
    return picture.resize(size, LANCZOS, box=box, reducing_gap=gap)


@cache
def _found() -> tuple[_Scale | None, str]:
    """What scales faster than Pillow, or why it does not."""
    if find_spec(_MODULE) is None:
        return None, ""
    if PIL.__version__.partition(".")[0] not in _PILLOWS:
        return None, f"it is not known to work with Pillow {PIL.__version__}"
    try:
        fast = _by_cykooz()
        differences = [_difference(fast, *trial) for trial in _trials()]
    except _FAULTS as error:
        return None, f"it fails ({type(error).__name__}: {error})"
    if max(differences) > _ROUNDING:
        return None, f"its pixels differ from those of Pillow {PIL.__version__}"
    return fast, ""


def _by_cykooz() -> _Scale:
    from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer

    algorithm = ResizeAlg.convolution(FilterType.lanczos3)

    def scale(picture: Image.Image, size: Size, box: Box) -> Image.Image:
        left, upper, right, lower = (round(side * _GRID) / _GRID for side in box)
        crop = CropBox(left, upper, right - left, lower - upper)
        result = Image.new(picture.mode, size, None)
        # A resizer keeps its memory, and only one thread at a time can use it.
        Resizer().resize_pil(picture, result, ResizeOptions(algorithm, crop_box=crop))
        return result

    return scale


def _trials() -> list[tuple[Image.Image, Size, Box]]:
    """Pictures of every mode, made smaller, larger and from a part.

    They have an edge that shows the filter, though not so much contrast that it overshoots what a
    pixel can hold: that is cut off in an order which is not the same.
    """
    edge = Image.new("L", (48, 40), 60)
    edge.paste(190, (19, 0, 48, 40))
    gradients = (Image.linear_gradient("L"), Image.radial_gradient("L"))
    bands = [edge, *(one.resize((48, 40), Image.Resampling.BOX) for one in gradients)]
    bands.append(edge.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    pictures = [Image.merge(mode, bands[: len(mode)]) for mode in _MODES]
    sizes_and_boxes: list[tuple[Size, Box]] = [
        ((24, 20), (0, 0, 48, 40)),
        ((50, 41), (0, 0, 48, 40)),
        ((17, 1), (4.5, 3.25, 40.75, 38)),
    ]
    return [(picture, size, box) for picture in pictures for size, box in sizes_and_boxes]


def _difference(fast: _Scale, picture: Image.Image, size: Size, box: Box) -> float:
    """Of 255, where it is largest; colours count as much as they are visible."""
    results = [fast(picture, size, box), _by_pillow(picture, size, box)]
    if picture.mode == "RGBA":
        results = [result.convert("RGBa") for result in results]
    bands = zip(*(result.split() for result in results), strict=True)
    return max(cast("_Range", ImageChops.difference(*pair).getextrema())[1] for pair in bands)
