"""Values for the templates of the page of an image, in addition to its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from django_polyimages.admin.library.columns import in_pixels, inside_box
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage
from django_polyimages.rendering import picture
from django_polyimages.specs import VersionSpec
from django_polyimages.versions import Version

CROP_SIDE = 160
"""The width and height of the box for a cropped version, in CSS pixels."""
PICTURE_WIDTH = 640
"""The maximum width of the picture on the page, in CSS pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One row in the table of versions."""

    name: str
    version: Version | None
    spec: VersionSpec | None
    """None if the spec of the version has been removed from the settings."""
    note: str
    """What is wrong with the version; empty if it is up to date."""
    is_pending: bool = False
    """Whether it is being generated, so that nothing is wrong."""

    @property
    def pixels(self) -> SafeString | str:
        return in_pixels(self.version.width, self.version.height) if self.version else "-"

    @property
    def spec_summary(self) -> SafeString | str:
        """Format, quality, mode and box of the spec."""
        if self.spec is None:
            return "-"
        spec = self.spec
        box = in_pixels(spec.width, spec.height)
        text = format_html("{} {}, {} {}", spec.format, spec.quality, spec.mode, box)
        return format_html('<span dir="ltr">{}</span>', text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """The part of a picture that a version with the mode ``fill`` shows."""

    spec: VersionSpec
    left: int
    """In pixels of the original, like the next three."""
    upper: int
    width: int
    height: int
    shown_width: int
    """In CSS pixels, like the next one."""
    shown_height: int

    @property
    def view_box(self) -> str:
        """The visible part, for SVG. A text, so that templates do not localize the numbers."""
        return f"{self.left} {self.upper} {self.width} {self.height}"


def version_rows(image: AbstractImage) -> list[VersionRow]:
    """A row for each spec, and one for each version without a spec."""
    specs = {spec.name: spec for spec in get_settings().versions}
    outdated = {spec.name for spec in image.outdated_specs}
    rows = []
    for name in [*specs, *(name for name in image.versions if name not in specs)]:
        version, spec = image.versions.get(name), specs.get(name)
        if version is None:
            note = pgettext("version", "missing")
        elif spec is None:
            note = pgettext("version", "no longer in the settings")
        else:
            note = pgettext("version", "outdated") if name in outdated else ""
        is_pending = name in outdated and image.status == image.Status.PENDING
        note = image.get_status_display() if is_pending else note
        rows.append(
            VersionRow(name=name, version=version, spec=spec, note=note, is_pending=is_pending)
        )
    return rows


def crops(image: AbstractImage) -> list[Crop]:
    """For each spec with the mode ``fill``, the part of ``image`` that it shows."""
    return [_crop(image, spec) for spec in get_settings().versions if spec.mode == "fill"]


def shown_url(image: AbstractImage) -> str:
    """The URL of the whole picture as a version; empty if there is none."""
    sources = picture(image).sources
    if not sources:
        return ""
    enough = [one for one in sources[-1].versions if one.width >= PICTURE_WIDTH]
    return (enough[:1] or sources[-1].versions[-1:])[0].url


def shown_picture(image: AbstractImage, fallback: str = "") -> SafeString:
    """The whole picture, or that at the address ``fallback`` while there is no version of it.

    One that is not ready is as large as it will be, so that nothing moves under the pointer.
    """
    width, height = shown_size(image)
    sized: dict[str, Any] = {}
    if image.status != image.Status.READY:
        sized = {"class": "polyimages-awaited", "width": width, "height": height}
    shown = picture(image, sizes=f"{width}px", priority=True, placeholder="none", **sized)
    if shown.sources or not fallback:
        return shown.__html__()
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}">',
        fallback,
        image.width,
        image.height,
        image.alt_text,
    )


def shown_size(image: AbstractImage) -> tuple[int, int]:
    """Width and height of the picture on the page, in CSS pixels."""
    return inside_box(image.width, image.height, PICTURE_WIDTH)


def _crop(image: AbstractImage, spec: VersionSpec) -> Crop:
    left, upper, right, lower = spec.target(image.width, image.height, image.focal_point).crop
    shown = inside_box(spec.width, spec.height, CROP_SIDE)
    return Crop(
        spec=spec,
        left=left,
        upper=upper,
        width=right - left,
        height=lower - upper,
        shown_width=shown[0],
        shown_height=shown[1],
    )


def point_as_percent(image: AbstractImage) -> Sequence[str]:
    """The focal point from the left and from the top, in the syntax of SVG and CSS."""
    return [f"{side * 100:g}%" for side in (image.focal_x, image.focal_y)]
