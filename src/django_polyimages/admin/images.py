"""The library in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_polyimages.models import AbstractImage


class ImageAdmin(admin.ModelAdmin):
    """The organization's images with their thumbnails; texts can be edited, files cannot."""

    list_display = ["thumbnail", "title", "organization", "pixels", "status", "created_at"]
    list_display_links = ["thumbnail", "title"]
    list_filter = ["status", "media_type", "organization"]
    list_select_related = ["organization"]
    search_fields = ["title", "alt_text", "description"]
    fields = ["thumbnail", "title", "alt_text", "description", "organization", "pixels"]
    readonly_fields = ["thumbnail", "organization", "pixels"]
    ordering = ["-created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Images are uploaded through the API or ``objects.upload()``."""
        return False

    @admin.display(description=_("image"))
    def thumbnail(self, image: AbstractImage) -> str:
        version = image.versions.get("thumb")
        if version is None:
            return "-"
        return format_html(
            '<img src="{}" width="{}" height="{}" alt="{}" loading="lazy">',
            version.url,
            version.width // 2,
            version.height // 2,
            image.alt_text,
        )

    @admin.display(description=_("pixels"))
    def pixels(self, image: AbstractImage) -> str:
        return f"{image.width}\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}{image.height}"
