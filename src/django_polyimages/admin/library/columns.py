"""The columns and filters of the list of images."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_polyimages.admin.library.awaiting import AwaitingImages
from django_polyimages.admin.titles import readable_status, readable_title
from django_polyimages.formats import FORMATS
from django_polyimages.models import AbstractImage
from django_polyimages.models.usage import unused, used
from django_polyimages.versions import Version

THUMBNAIL_SIDE = 80
"""The width and height of the box for a thumbnail in the list, in CSS pixels."""


class UseFilter(admin.SimpleListFilter):
    """Filters images by whether anything uses them."""

    title = pgettext_lazy("image", "usage")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", pgettext_lazy("image", "used")), ("0", pgettext_lazy("image", "unused"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "1":
            return used(queryset)
        return unused(queryset) if self.value() == "0" else queryset


class AlternativeTextFilter(admin.SimpleListFilter):
    """Filters images by whether they have an alternative text."""

    title = _("alternative text")
    parameter_name = "described"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("with alternative text")), ("0", _("without alternative text"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "1":
            return queryset.exclude(alt_text="")
        return queryset.filter(alt_text="") if self.value() == "0" else queryset


class UploadDateFilter(admin.DateFieldListFilter):
    """Django's filter by date, named after what the date is of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("upload date")


class MediaTypeFilter(admin.SimpleListFilter):
    """Filters images by media type; Django's own filter would read every row for the choices."""

    title = _("media type")
    parameter_name = "media_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(one.media_type, one.media_type) for one in FORMATS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(media_type=self.value()) if self.value() else queryset


class ImageColumns(AwaitingImages):
    """The columns of the list. They need only the row of the image, and no further query."""

    @admin.display(description=_("image"))
    def thumbnail(self, image: AbstractImage) -> str:
        version = thumbnail_of(image)
        if version is None:
            return self.awaiting(image, "thumbnail", "-")
        width, height = inside_box(version.width, version.height, THUMBNAIL_SIDE)
        html = format_html(
            '<img class="polyimages-thumbnail" src="{}" width="{}" height="{}" alt="{}"'
            ' loading="lazy">',
            version.url,
            width,
            height,
            image.alt_text or readable_title(image),
        )
        return self.awaiting(image, "thumbnail", html)

    @admin.display(description=_("title"), ordering="title")
    def name(self, image: AbstractImage) -> str:
        return readable_title(image)

    @admin.display(description=_("pixels"), ordering=F("width") * F("height"))
    def pixels(self, image: AbstractImage) -> SafeString:
        return in_pixels(image.width, image.height)

    @admin.display(description=_("size"), ordering="byte_size")
    def size(self, image: AbstractImage) -> SafeString:
        return format_html("{}<br>{}", self.pixels(image), filesizeformat(image.byte_size))

    @admin.display(description=_("status"), ordering="status")
    def state(self, image: AbstractImage) -> SafeString | str:
        label = readable_status(image)
        html = format_html('<span class="polyimages-{}">{}</span>', image.status, label)
        return self.awaiting(image, "state", html)

    @admin.display(description=pgettext_lazy("image", "uses"), ordering="number_of_uses")
    def uses(self, image: AbstractImage) -> int:
        number: int = image.number_of_uses  # type: ignore[attr-defined]
        return number

    @admin.display(description=pgettext_lazy("image", "uploaded"), ordering="created_at")
    def created(self, image: AbstractImage) -> SafeString:
        moment = image.created_at
        moment = timezone.localtime(moment) if timezone.is_aware(moment) else moment
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            moment.isoformat(),
            date_format(moment, "DATETIME_FORMAT"),
            date_format(moment, "SHORT_DATE_FORMAT"),
        )


def thumbnail_of(image: AbstractImage) -> Version | None:
    """The version ``thumb``, else the smallest one; None if there are no versions."""
    versions = image.versions
    if "thumb" in versions:
        return versions["thumb"]
    return min(versions.values(), key=lambda one: one.width * one.height, default=None)


def inside_box(width: int, height: int, side: int) -> tuple[int, int]:
    """The size of a picture that is scaled to fit into a square box, but not enlarged."""
    scale = min(1, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def in_pixels(width: int, height: int) -> SafeString:
    """Width x height, in this order even in languages that are written from right to left."""
    text = f"{width}\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}{height}"
    return format_html('<span dir="ltr">{}</span>', text)
