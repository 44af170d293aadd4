"""The original of an image as a download, for those who may view the image in the admin."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from django_polyimages.admin.library.refusals import refusal
from django_polyimages.models import AbstractImage
from django_polyimages.storage import needs_view
from django_polyimages.views import download


class ImageOriginals(admin.ModelAdmin):
    """The URL ``<pk>/original/``: the view of members does not know the permissions of staff."""

    def original_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The original as a file to download."""
        image = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, image):
            return refusal(
                _("You do not have permission to view this image."), HTTPStatus.FORBIDDEN
            )
        if image is None:
            return refusal(_("This image no longer exists."), HTTPStatus.NOT_FOUND)
        return download(image)

    def url_of_original(self, image: AbstractImage) -> str:
        """The URL in the storage, or that of ``original_view`` where only a view hands it out."""
        if not needs_view(image.key):
            return image.url
        named = f"{self.opts.app_label}_{self.opts.model_name}_original"
        return reverse(f"{self.admin_site.name}:{named}", args=[quote(image.pk)])
