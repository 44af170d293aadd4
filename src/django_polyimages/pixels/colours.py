"""Converts pixels of any kind to sRGB with eight bits per channel."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import cache
from itertools import product
from typing import cast

from PIL import Image, ImageChops, ImageCms

from django_polyimages.pixels.metadata import is_usable_profile

_SAME_COLOUR = 2  # of 255: by how much two correct sRGB profiles differ
_COLOUR_SPACES = {"L": "GRAY", "LA": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}


def is_simple(image: Image.Image) -> bool:
    """Whether the picture can be scaled as it is."""
    return image.mode in _COLOUR_SPACES and "transparency" not in image.info


def simple_mode(image: Image.Image) -> Image.Image:
    """The same pixels in a mode that can be scaled: L, LA, RGB, RGBA or CMYK."""
    if is_simple(image):
        return image
    if image.mode in ("I;16", "I;16B", "I"):
        return _eight_bits(image)
    if image.mode in ("1", "L") and "transparency" in image.info:
        return image.convert("LA")
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "F") else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey values; ``convert("L")`` would clip nearly all of them to white."""
    wide = image.convert("I")
    grey = wide.point([value >> 8 for value in range(65536)], "L")
    clear = image.info.get("transparency")
    if clear is None:
        return grey
    mask = wide.point([0 if value == clear else 255 for value in range(65536)], "L")
    return Image.merge("LA", (grey, mask))


def srgb(picture: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """``picture`` in sRGB as L, RGB or RGBA; a profile that cannot be used is ignored."""
    if icc_profile and is_usable_profile(icc_profile):
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            if (converted := _converted(picture, icc_profile)) is not None:
                return converted
    if picture.mode == "LA":
        return picture.convert("RGBA")
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def is_srgb(icc_profile: bytes | None) -> bool:
    """Whether colours with this profile stay as they are, as without one."""
    return srgb(_probe(), icc_profile) is _probe()


def _converted(picture: Image.Image, icc_profile: bytes) -> Image.Image | None:
    """``picture`` converted from its profile to sRGB; None if there is nothing to do."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
    colour_space = profile.profile.xcolor_space.strip()
    if colour_space != _COLOUR_SPACES[picture.mode]:
        return None
    if picture.mode == "LA":
        grey, alpha = picture.split()
        colours = _converted(grey, icc_profile) or grey.convert("RGB")
        colours.putalpha(alpha)
        return colours
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    transform = ImageCms.buildTransform(profile, srgb, picture.mode, mode, _intent_of(profile))
    if picture.mode == mode and _changes_nothing(transform, mode):
        return None
    return ImageCms.applyTransform(picture, transform)


def _intent_of(profile: ImageCms.ImageCmsProfile) -> ImageCms.Intent:
    """What the profile says its colours are meant for: in print, white paper or exact colours."""
    try:
        return ImageCms.Intent(profile.profile.rendering_intent)
    except ValueError:
        return ImageCms.Intent.PERCEPTUAL


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the profile is sRGB, whatever its name. Comparing 343 colours takes no time, while
    converting a large picture takes 50 ms.
    """
    probe = _probe().convert(mode)
    changed = ImageCms.applyTransform(probe, transform)
    difference = ImageChops.difference(probe.convert("RGB"), (changed or probe).convert("RGB"))
    channels = cast("tuple[tuple[int, int], ...]", difference.getextrema())
    return max(most for _least, most in channels) <= _SAME_COLOUR


@cache
def _probe() -> Image.Image:
    levels = (0, 20, 60, 110, 160, 210, 255)
    colours = bytes(level for colour in product(levels, repeat=3) for level in colour)
    return Image.frombytes("RGB", (len(levels) ** 3, 1), colours)
