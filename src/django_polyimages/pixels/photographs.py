"""Decodes a JPEG at the size, and with the planes, that its versions need.

libjpeg can decode it at a half, a quarter or an eighth of its size, for a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

from django.core.files import File
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from django_polyimages.pixels.inspection import open_image
from django_polyimages.pixels.resampling import Size, half, halved, is_fast, scaled_colours
from django_polyimages.pixels.strips import Each, in_turn, resized

_FEW_BYTES: Final = 1.0
"""For each decoded pixel: up to there, reading a file twice costs less than it saves."""
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
    image: ImageFile, file: File[bytes], size: Size, *, lossless: bool = False
) -> Image.Image | Planes:
    """The pixels of ``image``, opened from ``file``, from which LANCZOS makes versions of at most
    ``size``.

    Scaling with Pillow takes so long that only the brightness is scaled from all pixels then, and
    the colours to half of ``size``, as WebP has them. ``lossless`` is for a version that has the
    colours of each pixel.
    """
    photograph = cast("JpegImageFile", image)
    scale = _scale(photograph.size, size)
    decoded = cast("Size", tuple(-(-side // scale) for side in photograph.size))
    if is_fast() or decoded == size or lossless or not _is_ycbcr(photograph):
        return _loaded(photograph, None, size)
    if _is_worth_two(photograph, file.size, scale, decoded):
        return _decoded_twice(photograph, file, size, decoded)
    whole = _loaded(photograph, "YCbCr", size)
    # One plane at a time: together they need as much memory as the picture.
    blue, red = (halved(whole.getchannel(name), size) for name in ("Cb", "Cr"))
    return Planes(whole.getchannel("Y"), blue, red, photograph.info)


def _is_worth_two(photograph: JpegImageFile, byte_size: int, scale: int, decoded: Size) -> bool:
    """A progressive JPEG is decoded once: its coefficients would have to be collected twice."""
    return (
        "progressive" not in photograph.info
        and scale < max(_SCALES)
        and min(decoded) >= 2
        and byte_size < _FEW_BYTES * decoded[0] * decoded[1]
    )


def _decoded_twice(
    photograph: JpegImageFile, file: File[bytes], size: Size, decoded: Size
) -> Planes:
    """The brightness as ``decoded``, and the colours at half of that, in half of the memory.

    In nearly all photographs, and in every WebP, the colours have half of the pixels of the
    brightness in each direction, so this leaves nothing out.
    """
    luma = _loaded(photograph, "L", size)
    colours = _loaded(open_image(file), "YCbCr", (decoded[0] // 2, decoded[1] // 2))
    shown = (decoded[0] / 2, decoded[1] / 2)
    blue, red = (halved(colours.getchannel(name), size, shown=shown) for name in ("Cb", "Cr"))
    return Planes(luma, blue, red, luma.info)


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
