"""Decodes a JPEG at the size, and with the colours, that its versions need.

libjpeg can decode it at a half, a quarter or an eighth of its size, for a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, cast

from django.core.files import File
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from django_polyimages.pixels.inspection import open_image
from django_polyimages.pixels.resampling import Size, is_fast, scaled, scaled_plane

NEAR_MISS: Final = 0.96
"""Of the side of the largest version: where Pillow scales, this is enough of a soft photograph.
Pictures of phones are 4032 or 4000 pixels wide, and half of that is a little less than 2048."""
_DETAIL: Final = 8.0
_MUCH_LARGER: Final = 1.4
"""Times the width of the largest version: where decoding twice takes less time than scaling the
colours of the larger picture."""
_SCALES: Final = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Planes:
    """The brightness of a photograph, and its two planes of colour, which may be smaller."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    @property
    def info(self) -> dict[str | tuple[int, int], Any]:
        """What the file says about the picture."""
        return self.luma.info

    def joined(self, size: Size) -> Image.Image:
        """The photograph in RGB."""
        planes = [scaled(self.luma, size), *(scaled_plane(p, size) for p in (self.blue, self.red))]
        return Image.merge("YCbCr", planes).convert("RGB")


def decode_jpeg(image: ImageFile, file: File[bytes], size: Size) -> Image.Image | Planes:
    """The pixels of ``image``, opened from ``file``, for versions of at most ``size``.

    With a fast resizer those from which LANCZOS makes the version of the whole photograph. Without
    it they are, in this order: a little fewer than ``size``, if ``is_soft()``; the brightness apart
    from the colours, if that saves time; or all of them.
    """
    photograph = cast("JpegImageFile", image)
    near = cast("Size", tuple(max(1, int(NEAR_MISS * side)) for side in size))
    scale = _scale(photograph.size, size)
    if not is_fast():
        near_scale = _scale(photograph.size, near)
        if near_scale > scale and is_soft(photograph, file.size, near_scale):
            size = near
        elif (
            scale < 8
            and photograph.width >= _MUCH_LARGER * scale * size[0]
            and _is_ycbcr(photograph)
        ):
            return _planes(photograph, file, size, scale)
    photograph.draft(None, size)
    photograph.load()
    return photograph


def is_soft(photograph: JpegImageFile, byte_size: int, scale: int) -> bool:
    """Whether the header says that ``1 / scale`` of the picture has nearly all of its details.

    That is how many bits a pixel needs: twice as many are much sharper. The same picture needs more
    where the steps of the brightness are finer, by about the square root of their average. Below
    the limit, versions of the photographs of ``benchmarks/quality.py`` lose at most 0.0044 of SSIM,
    and above it up to 0.037; see ``benchmarks/results/quality.md``.
    """
    steps = photograph.quantization.get(0)
    if not steps:
        return False
    bits = 8 * byte_size / (photograph.width * photograph.height)
    return scale * bits * sqrt(sum(steps) / len(steps)) <= _DETAIL


def _planes(photograph: JpegImageFile, file: File[bytes], size: Size, scale: int) -> Planes:
    """The brightness at ``1 / scale``, and the colours at half of that.

    In nearly all photographs, and in every WebP, the colours have half of the pixels of the
    brightness in each direction, so this leaves nothing out. A progressive JPEG is decoded once:
    its coefficients would have to be collected twice.
    """
    if "progressive" in photograph.info:
        photograph.draft("YCbCr", size)
        photograph.load()
        luma, blue, red = photograph.split()
        luma.info = photograph.info
        return Planes(luma, blue, red)
    width, height = photograph.size
    photograph.draft("L", size)
    photograph.load()
    colours = open_image(file)
    colours.draft("YCbCr", (width // scale // 2, height // scale // 2))
    colours.load()
    _luma, blue, red = colours.split()
    return Planes(photograph, blue, red)


def _scale(stored: Size, size: Size) -> int:
    """By how much Pillow lets libjpeg divide the sides."""
    most = min(stored[0] // size[0], stored[1] // size[1])
    return next((scale for scale in _SCALES if scale <= most), 1)


def _is_ycbcr(photograph: JpegImageFile) -> bool:
    """Whether the file has brightness and colours apart; libjpeg does not convert RGB to that."""
    ids = [component[0] for component in photograph.layer]
    return ids == [1, 2, 3] and photograph.info.get("adobe_transform", 1) == 1
