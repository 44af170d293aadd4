"""Marks what a page shows of pending images, for the script that replaces it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_polyimages.models import AbstractImage


class AwaitingImages(admin.ModelAdmin):
    """Where the script asks, and which parts of the page it replaces then."""

    def awaiting(self, image: AbstractImage, part: str, html: SafeString | str) -> SafeString | str:
        """``html``, which the script replaces once the image is ready or failed."""
        if image.status != image.Status.PENDING:
            return html
        return format_html(
            '<span data-polyimages-pending="{}" data-part="{}" data-url="{}">{}</span>',
            image.pk,
            part,
            self.pending_url,
            html,
        )

    @property
    def pending_url(self) -> str:
        info = self.admin_site.name, self.opts.app_label, self.opts.model_name
        return reverse("{}:{}_{}_pending".format(*info))
