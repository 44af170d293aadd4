"""Decodes a JPEG at the size, and with the planes, that its versions need.

libjpeg can decode it at a half, a quarter or an eighth of its size, for a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any, Final, cast

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from django_polyimages.pixels.resampling import Size, half, halved, is_fast, scaled_colours
from django_polyimages.pixels.strips import Each, in_turn, resized

_NEAR_MISS: Final = 0.96
"""Of the side of the largest version: where Pillow scales, this is enough of a soft photograph.
Pictures of phones are 4032 or 4000 pixels wide, and half of that is a little less than 2048."""
_DETAIL: Final = {2: 4.1, 4: 2.4, 8: 1.2}
"""By how much the sides are divided, and up to which detail a photograph is soft then."""
_LARGE: Final = 1_000_000  # pixels
_SCALES: Final = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Planes:
    """A photograph as its brightness and two planes of colour, as JPEG and WebP have it.

    The colours have half of the pixels in each direction, or all of them. Scaling them needs less
    than half of the time of scaling RGB.
    """

    luma: Image.Image
    blue: Image.Image
    red: Image.Image
    info: dict[str | tuple[int, int], Any] = field(default_factory=dict)
    """What the file says about the picture."""

    @property
    def size(self) -> Size:
        return self.luma.size

    def scaled(self, size: Size, *, each: Each = in_turn) -> Planes:
        """The brightness in ``size``, and colours of as many pixels, of half in each direction or
        of less than that. ``each`` is that of ``resized()``.
        """
        luma = resized(self.luma, size, each=each)
        blue, red = self.blue, self.red
        shown: tuple[float, float] = blue.size
        if blue.size == half(self.size) != self.size:
            shown = (self.size[0] / 2, self.size[1] / 2)
        few = half(size)
        if blue.size == size:
            blue, red = (scaled_colours(one, size, shown=shown) for one in (blue, red))
        elif blue.width > few[0] and blue.height > few[1]:
            blue, red = (halved(one, size, shown=shown) for one in (blue, red))
        return Planes(luma, blue, red)

    def transposed(self, method: Image.Transpose) -> Planes:
        blue, red = self.blue, self.red
        if any(side % 2 for side in self.size):  # the odd row or column is not the last any more
            blue, red = (scaled_colours(one, self.size) for one in (blue, red))
        luma, blue, red = (one.transpose(method) for one in (self.luma, blue, red))
        return Planes(luma, blue, red)

    def rgb(self) -> Image.Image:
        blue, red = (scaled_colours(one, self.size) for one in (self.blue, self.red))
        planes = Image.merge("YCbCr", (self.luma, blue, red))
        del blue, red  # a quarter of the memory
        return planes.convert("RGB")


def is_large(size: Size) -> bool:
    """Whether scaling planes from this size takes less time than scaling RGB, which keeps the
    brightness of bright colours beside black better in small versions.
    """
    return size[0] * size[1] > _LARGE


def decode_jpeg(
    image: ImageFile, byte_size: int, size: Size, *, lossless: bool = False
) -> Image.Image | Planes:
    """The pixels of ``image``, whose file has ``byte_size``, for versions of at most ``size``.

    They are those from which LANCZOS makes the versions, or a few pixels less if Pillow scales and
    the photograph ``is_soft()``. Scaling with Pillow takes so long that only the brightness is
    scaled from all pixels then, and the colours to half of ``size``, as WebP has them. ``lossless``
    is for a version that has the colours of each pixel.
    """
    photograph = cast("JpegImageFile", image)
    if is_fast():
        return _loaded(photograph, None, size)
    near = cast("Size", tuple(max(1, int(_NEAR_MISS * side)) for side in size))
    scale, near_scale = _scale(photograph.size, size), _scale(photograph.size, near)
    is_near = near_scale > scale and is_soft(photograph, byte_size, near_scale)
    enough, scale = (near, near_scale) if is_near else (size, scale)
    decoded = cast("Size", tuple(-(-side // scale) for side in photograph.size))
    if decoded == size or lossless or not _is_ycbcr(photograph):
        return _loaded(photograph, None, enough)
    whole = _loaded(photograph, "YCbCr", enough)
    # One plane at a time: together they need as much memory as the picture.
    blue, red = (halved(whole.getchannel(name), size) for name in ("Cb", "Cr"))
    return Planes(whole.getchannel("Y"), blue, red, photograph.info)


def is_soft(photograph: JpegImageFile, byte_size: int, scale: int) -> bool:
    """Whether the header says that ``1 / scale`` of the picture has nearly all of its details.

    In ``benchmarks/results/quality.md``, whose columns are the ``detail_of()`` each original and
    what ``lg`` loses at half of its size, those below the limit lose less than 0.005 of SSIM.
    """
    return detail_of(photograph, byte_size) <= _DETAIL[scale]


def detail_of(photograph: JpegImageFile, byte_size: int) -> float:
    """How sharp a photograph is, as far as the header says it; unknown is infinite.

    That is how many bits a pixel needs. The same picture needs more where the steps of the
    brightness are finer, by about the square root of their average.
    """
    steps = photograph.quantization.get(0)
    if not steps:
        return inf
    bits = 8 * byte_size / (photograph.width * photograph.height)
    return bits * sqrt(sum(steps) / len(steps))


def _loaded(image: ImageFile, mode: str | None, size: Size) -> ImageFile:
    image.draft(mode, size)
    image.load()
    return image


def _scale(stored: Size, size: Size) -> int:
    """By how much Pillow lets libjpeg divide the sides."""
    most = min(stored[0] // size[0], stored[1] // size[1])
    return next((scale for scale in _SCALES if scale <= most), 1)


def _is_ycbcr(photograph: JpegImageFile) -> bool:
    """Whether the file has brightness and colours apart; libjpeg does not convert RGB to that."""
    ids = [component[0] for component in photograph.layer]
    return ids == [1, 2, 3] and photograph.info.get("adobe_transform", 1) == 1
