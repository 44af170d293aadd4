"""Pending images: the pages of the admin ask for them, and show them once they are ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_polyimages.admin.library import details
from django_polyimages.admin.library.columns import ImageColumns
from django_polyimages.admin.library.refusals import refusal
from django_polyimages.models import AbstractImage
from django_polyimages.models.primary_keys import canonical_key

MOST: Final = 200
"""Images in one request: as many as a list shows."""


class PendingImages(ImageColumns):
    """``pending/``: which of these images are ready or failed, and what to show then."""

    def pending_view(self, request: HttpRequest) -> JsonResponse:
        """Parameters: ``image``, the primary keys; ``part``, the parts of the page that show them;
        ``failed``, how many were found to have failed before. It is a POST, as 200 long keys are
        too long for an address, and changes nothing.
        """
        if not self.has_view_permission(request):
            return refusal(_("You do not have permission to view images."), HTTPStatus.FORBIDDEN)
        if request.method != "POST":
            return refusal(_("Only POST is allowed."), HTTPStatus.METHOD_NOT_ALLOWED)
        images = self._asked_for(request)
        parts = {
            name: render
            for name, render in self._parts(request).items()
            if name in request.POST.getlist("part")
        }
        pending = [image for image in images if image.status == image.Status.PENDING]
        settled = [image for image in images if image not in pending]
        failed = sum(image.status == image.Status.FAILED for image in settled)
        return JsonResponse(
            {
                "pending": [str(image.pk) for image in pending],
                "images": [
                    {
                        "id": str(image.pk),
                        "status": image.status,
                        "parts": {name: render(image) for name, render in parts.items()},
                    }
                    for image in settled
                ],
                "message": "" if pending else _message(failed + _number(request, "failed")),
            }
        )

    def _asked_for(self, request: HttpRequest) -> Sequence[AbstractImage]:
        sent = [canonical_key(self.model, key) for key in request.POST.getlist("image")[:MOST]]
        keys = [key for key in sent if key is not None]
        images = self.get_queryset(request).filter(pk__in=keys) if keys else ()
        return [image for image in images if self.has_view_permission(request, image)]

    def _parts(self, request: HttpRequest) -> dict[str, Callable[[Any], str]]:
        return {
            "address": details.shown_url,
            "card": lambda image: render_to_string(
                "admin/polyimages/images_inline_picture.html", {"image": image}
            ),
            "note": lambda image: "" if image.status == "ready" else self.state(image),
            "picture": details.shown_picture,
            "state": self.state,
            "thumbnail": self.thumbnail,
            "versions": lambda image: render_to_string(
                "admin/polyimages/image/versions.html",
                {
                    "image": image,
                    "version_rows": details.version_rows(image),
                    "has_change_permission": self.has_change_permission(request, image),
                },
            ),
        }


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _message(failed: int) -> str:
    """What a screen reader says when nothing on the page is pending."""
    if not failed:
        return _("All images on this page are ready.")
    return ngettext(
        "No images on this page are pending; %(count)d failed.",
        "No images on this page are pending; %(count)d failed.",
        failed,
    ) % {"count": failed}
