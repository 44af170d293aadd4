"""Draws the pictures of the demo, so that nothing is downloaded: 12 MP, like those of a phone."""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

PHONE = (4032, 3024)
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Light:
    """The colours of a landscape at a time of day."""

    zenith: Colour
    horizon: Colour
    sun: Colour
    far: Colour
    near: Colour


DAWN = Light((44, 62, 110), (255, 190, 150), (255, 236, 200), (150, 130, 160), (38, 32, 58))
NOON = Light((30, 96, 180), (190, 222, 240), (255, 255, 245), (120, 160, 190), (24, 66, 48))
DUSK = Light((20, 16, 50), (240, 110, 70), (255, 200, 120), (130, 70, 100), (24, 12, 30))
MIST = Light((150, 170, 180), (226, 230, 226), (255, 255, 250), (178, 192, 194), (52, 74, 70))
DESERT = Light((60, 130, 190), (250, 220, 180), (255, 250, 225), (220, 160, 110), (120, 58, 34))


def landscape(light: Light, seed: int, size: tuple[int, int] = PHONE) -> Image.Image:
    """Mountain ridges below a sky, with a sun and the noise of a small sensor."""
    chance = random.Random(seed)  # noqa: S311 (a picture, not a secret)
    width, height = size
    picture = ImageOps.colorize(
        Image.linear_gradient("L").resize(size), light.zenith, light.horizon
    )
    sun = (int(width * chance.uniform(0.2, 0.8)), int(height * chance.uniform(0.25, 0.42)))
    _glow(picture, sun, height // 2, light.sun, 0.75)
    _glow(picture, sun, height // 14, (255, 255, 255), 1.0)
    ridges = 6
    for number in range(ridges):
        nearness = number / (ridges - 1)
        base = height * (0.45 + 0.45 * nearness)
        points = _ridge(chance, width, base, height * (0.16 - 0.05 * nearness))
        ImageDraw.Draw(picture).polygon(
            [(0, height), *points, (width, height)], fill=_mix(light.far, light.near, nearness)
        )
    return _grainy(picture, 14)


def vase(colour: Colour, backdrop: Colour, seed: int, size: tuple[int, int] = PHONE) -> Image.Image:
    """A glazed vase in front of a studio backdrop."""
    width, height = size
    dark = _mix(backdrop, (0, 0, 0), 0.35)
    picture = ImageOps.colorize(Image.linear_gradient("L").resize(size), backdrop, dark)
    _glow(picture, (width // 3, height // 4), height // 2, (255, 255, 255), 0.35)
    outline = _vase_outline(width // 2, height, seed)
    shadow = Image.new("L", size)
    ImageDraw.Draw(shadow).ellipse(
        (width * 0.36, height * 0.83, width * 0.78, height * 0.93), fill=170
    )
    picture.paste((10, 10, 14), (0, 0), shadow.filter(ImageFilter.GaussianBlur(height // 45)))
    shape = Image.new("L", size)
    ImageDraw.Draw(shape).polygon(outline, fill=255)
    left, upper, right, lower = shape.getbbox() or (0, 0, *size)
    across = Image.radial_gradient("L").resize((int((right - left) * 1.7), lower - upper))
    glaze = ImageOps.colorize(
        across, _mix(colour, (255, 255, 255), 0.55), _mix(colour, (0, 0, 0), 0.6), colour
    )
    body = Image.new("RGB", size)
    body.paste(glaze, (left - int((right - left) * 0.2), upper))
    picture.paste(body, (0, 0), shape.filter(ImageFilter.GaussianBlur(2)))
    return _grainy(picture, 8)


def lamp(size: tuple[int, int] = (3000, 3000)) -> Image.Image:
    """A cut-out lamp: RGBA with hard edges, a soft glow and a transparent background."""
    width, height = size
    picture = Image.new("RGBA", size, (255, 214, 120, 0))
    glow = ImageChops.invert(Image.radial_gradient("L")).resize((width, height))
    picture.putalpha(glow.point(lambda value: max(0, value - 70) * 0.6))
    draw = ImageDraw.Draw(picture)
    middle = width // 2
    draw.ellipse((middle - 520, 2560, middle + 520, 2760), fill=(40, 44, 52, 255))
    draw.rectangle((middle - 34, 1300, middle + 34, 2660), fill=(58, 64, 74, 255))
    draw.polygon(
        [(middle - 420, 560), (middle + 420, 560), (middle + 820, 1420), (middle - 820, 1420)],
        fill=(232, 120, 62, 255),
    )
    draw.ellipse((middle - 820, 1330, middle + 820, 1510), fill=(255, 226, 160, 255))
    return picture


def as_jpeg(picture: Image.Image, *, held_upright: bool = False) -> bytes:
    """A JPEG as from a phone: an upright picture is stored sideways, with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x010F] = "Example phone"
    if held_upright:
        exif[0x0112] = 6
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88, exif=exif)
    return buffer.getvalue()


def as_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _ridge(
    chance: random.Random, width: int, base: float, roughness: float
) -> list[tuple[float, float]]:
    """The outline of a mountain ridge, made by midpoint displacement."""
    heights = [chance.uniform(-1, 1), chance.uniform(-1, 1)]
    swing = 1.0
    for _ in range(9):
        swing *= 0.53
        middles = [(a + b) / 2 + chance.uniform(-swing, swing) for a, b in pairwise(heights)]
        heights = [
            height for pair in zip(heights, middles, strict=False) for height in pair
        ] + heights[-1:]
    step = width / (len(heights) - 1)
    return [(number * step, base + value * roughness) for number, value in enumerate(heights)]


def _vase_outline(middle: int, height: int, seed: int) -> list[tuple[float, float]]:
    belly, neck = 0.16 + 0.015 * (seed % 4), 0.05 + 0.012 * (seed % 3)
    steps = [number / 120 for number in range(121)]
    widths = [
        height * (neck + belly * math.sin(math.pi * step**1.35) ** 2 + 0.05 * step**6)
        for step in steps
    ]
    rows = [height * (0.2 + 0.68 * step) for step in steps]
    right = [(middle + half, row) for half, row in zip(widths, rows, strict=True)]
    left = [(middle - half, row) for half, row in zip(widths, rows, strict=True)]
    return right + left[::-1]


def _glow(
    picture: Image.Image, middle: tuple[int, int], radius: int, colour: Colour, strength: float
) -> None:
    disc = ImageChops.invert(Image.radial_gradient("L")).resize((radius * 2, radius * 2))
    mask = disc.point(lambda value: max(0, value - 75) * 1.42 * strength)
    picture.paste(colour, (middle[0] - radius, middle[1] - radius), mask)


def _grainy(picture: Image.Image, strength: int) -> Image.Image:
    grain = Image.effect_noise(picture.size, strength).convert("RGB")
    return ImageChops.add(picture, grain, offset=-128)


def _mix(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue
