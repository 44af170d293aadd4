"""From an original to the pixels and bytes of its versions: the only module that knows pixels.

One decode for all versions, the largest first, each next one from the one before.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import cast

from django.core.files import File
from PIL import Image, ImageChops, ImageCms

from django_polyimages.conf import get_settings
from django_polyimages.inspection import Facts, open_image, refusing_damage
from django_polyimages.specs import Target, VersionSpec

NEAR_MISS = 0.96
"""A JPEG may be decoded at a half, a quarter or an eighth of its size, which costs a fraction of
the time and memory, if at most 4 % of the largest version's side are missing then. Phones make
pictures 4032 or 4000 pixels wide: half of that is just short of 2048. Measured against scaling from
the full picture: SSIM -0.0027 on the largest version, nothing on the others."""

_LANCZOS = Image.Resampling.LANCZOS
_TRANSPOSE = {  # what undoes each EXIF orientation (CIPA DC-008, 4.6.4)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GREY_LEVELS: dict[object, int] = {"L;2": 3, "L;4": 15}
_SAME_COLOUR = 2  # of 255: what two honest sRGB profiles differ by
_COLOUR_SPACES = {"L": "GRAY", "LA": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}


def decode(file: File[bytes], facts: Facts, specs: Sequence[VersionSpec]) -> Image.Image:
    """The pixels of the original as stored, large enough for every version.

    The file is read to its end and not needed any more. Raises ``InvalidImage`` where it is
    damaged.
    """
    with refusing_damage():
        image = open_image(file)
        width, height = _as_stored(_largest(facts, specs), facts)
        image.draft(None, (_nearly(width), _nearly(height)))
        raw_mode = image.tile[0].args if image.format == "PNG" and image.tile else None
        if facts.format == "PNG":
            # What stands behind the pixels is of no use here, and each part of it may inflate.
            image.load_end = lambda: None  # type: ignore[method-assign]
        image.load()
    _mend_transparency(image, raw_mode)
    return image


def render(
    image: Image.Image, facts: Facts, specs: Sequence[VersionSpec]
) -> Iterator[tuple[list[VersionSpec], Image.Image]]:
    """The versions' pixels, largest first: upright, sRGB, scaled, nothing but pixels.

    ``image`` is what ``decode`` returned. Specs that ask for the same bytes, as ``md`` and ``lg``
    of a small original do, come together.
    """
    largest = _largest(facts, specs)
    picture = _resized(_simple_mode(image), _as_stored(largest, facts))
    picture = _upright(_srgb(picture, image.info.get("icc_profile")), facts)
    picture.info = {}  # Pillow's encoders write what they find there
    groups: dict[tuple[Target, int, str], list[VersionSpec]] = {}
    for spec, target in _by_scale(facts, specs):
        groups.setdefault((target, spec.quality, spec.format), []).append(spec)
    for (target, _quality, _format), group in groups.items():
        if target.crop == (0, 0, facts.width, facts.height):
            picture = _resized(picture, target.size)
            yield group, picture
        else:
            yield group, _cropped(picture, target, facts)


def encode(picture: Image.Image, spec: VersionSpec) -> bytes:
    """The bytes of a version, without any metadata."""
    buffer = io.BytesIO()
    if spec.format == "WEBP":
        method = get_settings().webp_method
        picture.save(buffer, "WEBP", quality=spec.quality, method=method)
    elif spec.format == "JPEG":
        flat = _on_white(picture)
        flat.save(buffer, "JPEG", quality=spec.quality, optimize=True, progressive=True)
    else:
        picture.save(buffer, spec.format, quality=spec.quality)
    return buffer.getvalue()


def _mend_transparency(image: Image.Image, raw_mode: object) -> None:
    """Give the transparent colour of a PNG the depth that Pillow has given the pixels."""
    clear = image.info.get("transparency")
    if raw_mode in _GREY_LEVELS and isinstance(clear, int):
        image.info["transparency"] = clear * 255 // _GREY_LEVELS[raw_mode]
    elif raw_mode == "RGB;16B" and isinstance(clear, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def _by_scale(facts: Facts, specs: Sequence[VersionSpec]) -> list[tuple[VersionSpec, Target]]:
    pairs = [(spec, spec.target(facts.width, facts.height)) for spec in specs]
    return sorted(pairs, key=lambda pair: pair[1].scale, reverse=True)


def _largest(facts: Facts, specs: Sequence[VersionSpec]) -> tuple[int, int]:
    """The size of the upright, whole picture that all versions can be made from."""
    spec, target = _by_scale(facts, specs)[0]
    if spec.mode == "fit":
        return target.size
    return (
        max(1, round(facts.width * target.scale)),
        max(1, round(facts.height * target.scale)),
    )


def _nearly(side: int) -> int:
    return max(1, int(NEAR_MISS * side))


def _as_stored(size: tuple[int, int], facts: Facts) -> tuple[int, int]:
    return size if facts.orientation < 5 else (size[1], size[0])


def _upright(picture: Image.Image, facts: Facts) -> Image.Image:
    method = _TRANSPOSE.get(facts.orientation)
    return picture if method is None else picture.transpose(method)


def _resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, _LANCZOS)


def _cropped(picture: Image.Image, target: Target, facts: Facts) -> Image.Image:
    across, down = picture.width / facts.width, picture.height / facts.height
    left, upper, right, lower = target.crop
    box = (left * across, upper * down, right * across, lower * down)
    return picture.resize(target.size, _LANCZOS, box=box)


def _simple_mode(image: Image.Image) -> Image.Image:
    """The same pixels in a mode that scales well: L, LA, RGB, RGBA or CMYK."""
    if image.mode in ("I;16", "I;16B", "I"):
        return _eight_bits(image)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in _COLOUR_SPACES:
        return image
    return image.convert("L" if image.mode in ("1", "F") else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled, where ``convert("L")`` would clip nearly everything to white."""
    wide = image.convert("I")
    grey = wide.point([value >> 8 for value in range(65536)], "L")
    clear = image.info.get("transparency")
    if clear is None:
        return grey
    mask = wide.point([0 if value == clear else 255 for value in range(65536)], "L")
    return Image.merge("LA", (grey, mask))


def _srgb(picture: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """``picture`` in sRGB as L, RGB or RGBA; a profile that cannot be used is ignored."""
    if icc_profile:
        try:
            converted = _converted(picture, icc_profile)
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    if picture.mode == "LA":
        return picture.convert("RGBA")
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def _converted(picture: Image.Image, icc_profile: bytes) -> Image.Image | None:
    """``picture`` moved from its profile to sRGB; None where there is nothing to do."""
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
    transform = ImageCms.buildTransform(profile, srgb, picture.mode, mode)
    if picture.mode == mode and _changes_nothing(transform, mode):
        return None
    return ImageCms.applyTransform(picture, transform)


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the profile is sRGB, whatever it calls itself: seen on 343 colours, which cost
    nothing, where a large picture costs 50 ms.
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


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")
