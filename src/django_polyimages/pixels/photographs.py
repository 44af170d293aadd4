"""Decodes a JPEG at the size, and with the planes, that its versions need.

libjpeg can decode it at a half, a quarter or an eighth of its size, for a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, cast

from django.core.files import File
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from django_polyimages.pixels.inspection import open_image
from django_polyimages.pixels.readers import SharedFile
from django_polyimages.pixels.resampling import Size, half, halved, is_fast, scaled_colours
from django_polyimages.pixels.strips import Each, in_turn, joined, resized

_FEW_BYTES: Final = 1.0
"""For each decoded pixel: up to there, reading a file twice costs less than it saves."""
_LARGE: Final = 1_000_000  # pixels
_ROWS: Final = 256
"""Of a strip whose colours are converted: even, since the colours of two rows are one."""
_SCALES: Final = (8, 4, 2, 1)
_COLOURS: Final = ("Cb", "Cr")


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

    def rgb(self, *, each: Each = in_turn) -> Image.Image:
        """``each`` converts strips of the picture, and may use other threads."""
        planes = [self.luma] + [
            one if one.size == half(self.size) else scaled_colours(one, self.size)
            for one in (self.blue, self.red)
        ]

        def converted(upper: int) -> Image.Image:
            strips = [_rows(one, self.size, upper) for one in planes]
            return Image.merge("YCbCr", strips).convert("RGB")

        uppers = range(0, self.size[1], _ROWS)
        return joined(zip(uppers, each(converted, uppers), strict=True), self.size)


def is_large(size: Size) -> bool:
    """Whether scaling planes from this size takes less time than scaling RGB, which keeps the
    brightness of bright colours beside black better in small versions.
    """
    return size[0] * size[1] > _LARGE


def decode_jpeg(
    file: File[bytes], size: Size, *, lossless: bool = False, each: Each = in_turn
) -> Image.Image | Planes:
    """The pixels of ``file`` from which LANCZOS makes versions of at most ``size``.

    Scaling with Pillow takes so long that only the brightness is scaled from all pixels then, and
    the colours to half of ``size``, as WebP has them. ``lossless`` is for a version that has the
    colours of each pixel. ``each`` decodes brightness and colours, and may use other threads.
    """
    lock = Lock()
    photograph = cast("JpegImageFile", open_image(SharedFile(file, lock)))
    scale = _scale(photograph.size, size)
    decoded = cast("Size", tuple(-(-side // scale) for side in photograph.size))
    if is_fast() or decoded == size or lossless or not _is_ycbcr(photograph):
        return _loaded(photograph, None, size)
    if _is_worth_two(photograph, file.size, scale, decoded):
        return _decoded_twice(photograph, SharedFile(file, lock), size, decoded, each)
    whole = _loaded(photograph, "YCbCr", size)
    # One plane at a time: together they need as much memory as the picture.
    blue, red = (halved(whole.getchannel(name), size) for name in _COLOURS)
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
    photograph: JpegImageFile, again: File[bytes], size: Size, decoded: Size, each: Each
) -> Planes:
    """The brightness as ``decoded``, and the colours at half of that, in half of the memory.

    In nearly all photographs, and in every WebP, the colours have half of the pixels of the
    brightness in each direction, so this leaves nothing out.
    """
    coarse = (decoded[0] // 2, decoded[1] // 2)

    def load(mode: str) -> Image.Image:
        if mode == "L":
            return _loaded(photograph, mode, size)
        return _loaded(open_image(again), mode, coarse)

    def half_plane(name: str) -> Image.Image:
        return halved(colours.getchannel(name), size, shown=(decoded[0] / 2, decoded[1] / 2))

    luma, colours = each(load, ("L", "YCbCr"))
    blue, red = each(half_plane, _COLOURS)
    return Planes(luma, blue, red, luma.info)


def _loaded(image: ImageFile, mode: str | None, size: Size) -> ImageFile:
    image.draft(mode, size)
    image.load()
    return image


def _scale(stored: Size, size: Size) -> int:
    """By how much Pillow lets libjpeg divide the sides."""
    most = min(stored[0] // size[0], stored[1] // size[1])
    return next((scale for scale in _SCALES if scale <= most), 1)


def _rows(plane: Image.Image, size: Size, upper: int) -> Image.Image:
    """The strip from row ``upper`` on of a picture of ``size``, of which a plane may be halved."""
    width, height = size[0], min(_ROWS, size[1] - upper)
    if plane.size == size:
        return plane.crop((0, upper, width, upper + height))
    few = half((width, height))
    strip = plane.crop((0, upper // 2, few[0], upper // 2 + few[1]))
    return scaled_colours(strip, (width, height))


def _is_ycbcr(photograph: JpegImageFile) -> bool:
    """Whether the file has brightness and colours apart; libjpeg does not convert RGB to that."""
    ids = [component[0] for component in photograph.layer]
    return ids == [1, 2, 3] and photograph.info.get("adobe_transform", 1) == 1
