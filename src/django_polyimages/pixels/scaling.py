"""Turns an original into the pixels and bytes of its versions.

The original is decoded once. Each version is scaled from the next larger one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.core.files import File
from PIL import Image
from PIL.ImageFile import ImageFile

from django_polyimages.conf import get_settings
from django_polyimages.pixels.colours import is_srgb, srgb
from django_polyimages.pixels.inspection import Facts, open_image, refusing_damage
from django_polyimages.pixels.memory import PER_PIXEL_OF_A_VERSION, is_covered
from django_polyimages.pixels.photographs import Planes, decode_jpeg, is_large
from django_polyimages.pixels.png import declarations, declared_profile
from django_polyimages.pixels.resampling import scaled
from django_polyimages.pixels.strips import Each, in_turn, resized
from django_polyimages.specs import CENTRE, FocalPoint, Target, VersionSpec

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


@dataclass(frozen=True, slots=True)
class Plan:
    """Which pixels the versions of one original have."""

    facts: Facts
    targets: Sequence[tuple[VersionSpec, Target]]
    """The largest first."""

    def whole(self, target: Target) -> tuple[int, int]:
        """The smallest size of the whole upright picture that need not be enlarged for ``target``.

        Each side has a scale of its own: in a long thin picture a side of a pixel is rounded up.
        """
        left, upper, right, lower = target.crop
        width, height = target.size
        # Integers, rounded up: a float may be a pixel too small.
        return (
            -(-width * self.facts.width // (right - left)),
            -(-height * self.facts.height // (lower - upper)),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, as stored, that all versions can be scaled from."""
        sizes = [self.whole(target) for _spec, target in self.targets]
        width, height = (max(sides) for sides in zip(*sizes, strict=True))
        return (width, height) if self.facts.orientation < 5 else (height, width)

    @property
    def results(self) -> list[tuple[Target, list[VersionSpec]]]:
        """The different versions, the largest first, each with the specs that it is made for."""
        groups: dict[tuple[Target, int, str], list[VersionSpec]] = {}
        for spec, target in self.targets:
            groups.setdefault((target, spec.quality, spec.format), []).append(spec)
        return [(target, specs) for (target, _quality, _format), specs in groups.items()]

    @property
    def memory(self) -> int:
        """How many bytes decoding the original, scaling and encoding its versions may need.

        Several versions may be encoded at once, such as a picture as WebP and as AVIF.
        """
        encoded = sum(target.size[0] * target.size[1] for target, _specs in self.results)
        pixels = max(self.size[0] * self.size[1], encoded)
        return self.facts.memory + PER_PIXEL_OF_A_VERSION * pixels


def plan(facts: Facts, specs: Sequence[VersionSpec], focal_point: FocalPoint = CENTRE) -> Plan:
    """The plan for an original of which nothing has been decoded yet."""
    pairs = [(spec, spec.target(facts.width, facts.height, focal_point)) for spec in specs]
    todo = Plan(facts, pairs)
    return replace(todo, targets=sorted(pairs, key=lambda one: todo.whole(one[1]), reverse=True))


def decode(file: File[bytes], plan: Plan, *, each: Each = in_turn) -> Image.Image | Planes:
    """The pixels of the original as stored, enough for every version.

    ``each`` decodes the planes of a JPEG, and may use other threads. The file is not needed after
    that. Raises ``InvalidImage`` if it is damaged.
    """
    with refusing_damage():
        if plan.facts.format == "JPEG":
            lossless = any(spec.format == "PNG" for spec, _target in plan.targets)
            return decode_jpeg(file, plan.size, lossless=lossless, each=each)
        image = open_image(file)
        if image.format == "PNG":
            return _decode_png(image, file)
        if image.format == "GIF":
            return _decode_gif(image)
        image.load()
    return image


def _decode_png(image: ImageFile, file: File[bytes]) -> Image.Image:
    raw_mode = image.tile[0].args if image.tile else None
    # Skip the chunks after the pixels: they are not needed and may be compressed.
    image.load_end = lambda: None  # type: ignore[method-assign]
    image.load()
    # A text with such a keyword is no transparency, whatever Pillow makes of it.
    image.info = {key: value for key, value in image.info.items() if not isinstance(value, str)}
    _mend_transparency(image, raw_mode)
    grey = image.mode in ("1", "L", "LA", "I", "I;16")
    if profile := declared_profile(declarations(file), grey=grey):
        image.info["icc_profile"] = profile
    return image


def _decode_gif(image: ImageFile) -> Image.Image:
    """The first frame on its canvas, of which the rest is transparent, as browsers show it."""
    covered = is_covered(image)
    left, upper, right, lower = image.tile[0].extents or (0, 0, *image.size)
    image.load()
    if covered:
        return image
    width, height = image.size
    canvas = image.convert("RGBA")
    for rest in (
        (0, 0, width, upper),
        (0, lower, width, height),
        (0, upper, left, lower),
        (right, upper, width, lower),
    ):
        canvas.paste((0, 0, 0, 0), rest)
    canvas.info = {}
    return canvas


def prepare(
    image: Image.Image | Planes, plan: Plan, *, each: Each = in_turn
) -> Image.Image | Planes:
    """The whole picture, upright and in sRGB, just large enough for the largest version.

    ``image`` is the result of ``decode()``, and ``each`` that of ``resized()``.
    """
    profile = image.info.get("icc_profile")
    method = _TRANSPOSE.get(plan.facts.orientation)
    if isinstance(image, Planes):
        planes = image.scaled(plan.size, each=each)
        if is_srgb(profile):
            return planes if method is None else planes.transposed(method)
        image = planes.rgb(each=each)
    picture = srgb(resized(image, plan.size, each=each), profile)
    if method is not None:
        picture = picture.transpose(method)
    picture.info = {}  # otherwise Pillow's encoders would write this metadata
    return picture


def render(
    picture: Image.Image | Planes, plan: Plan, *, each: Each = in_turn
) -> Iterator[tuple[list[VersionSpec], Image.Image]]:
    """The pixels of the versions, largest first.

    ``picture`` is the result of ``prepare()``. Specs with the same result, such as ``md`` and
    ``lg`` of a small original, are returned together. Each has an image of its own, because Pillow
    stores the options of ``save()`` in it; smaller versions are scaled from its pixels meanwhile.
    """
    wholes, given = [picture], None
    for target, group in plan.results:
        source = next(one for one in reversed(wholes) if _covers(one, plan.whole(target)))
        if target.crop == (0, 0, plan.facts.width, plan.facts.height):
            whole = _resized(source, target.size)
            image = as_image(whole, each=each)
            wholes.append(whole if is_large(whole.size) else image)
            yield group, image.copy() if image is given else image
            given = image
        else:
            yield group, _cropped(as_image(source, each=each), target, plan.facts)


def as_image(picture: Image.Image | Planes, *, each: Each = in_turn) -> Image.Image:
    """The result of ``prepare()`` as a version has it."""
    return picture.rgb(each=each) if isinstance(picture, Planes) else picture


def encode(picture: Image.Image, spec: VersionSpec) -> bytes:
    """The encoded version, without metadata."""
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
    """Convert the transparent colour of a PNG to the bit depth that Pillow uses for the pixels."""
    clear = image.info.get("transparency")
    if raw_mode in _GREY_LEVELS and isinstance(clear, int):
        image.info["transparency"] = clear * 255 // _GREY_LEVELS[raw_mode]
    elif raw_mode == "RGB;16B" and isinstance(clear, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def _covers(picture: Image.Image | Planes, size: tuple[int, int]) -> bool:
    return picture.size[0] >= size[0] and picture.size[1] >= size[1]


def _resized(picture: Image.Image | Planes, size: tuple[int, int]) -> Image.Image | Planes:
    if picture.size == size:
        return picture
    return picture.scaled(size) if isinstance(picture, Planes) else scaled(picture, size)


def _cropped(picture: Image.Image, target: Target, facts: Facts) -> Image.Image:
    across, down = picture.width / facts.width, picture.height / facts.height
    left, upper, right, lower = target.crop
    box = (left * across, upper * down, right * across, lower * down)
    return scaled(picture, target.size, box=box)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")
