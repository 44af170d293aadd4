"""Originals as downloads, and links to versions, for those who may view the image."""

from __future__ import annotations

import time
import unicodedata
from datetime import datetime
from http import HTTPStatus

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from django_polyimages.access import get_viewable_image, is_logged_in
from django_polyimages.errors import NotFound, StorageUnavailable
from django_polyimages.formats import FORMATS
from django_polyimages.models import AbstractImage
from django_polyimages.storage import open_original
from django_polyimages.storage.problems import report
from django_polyimages.storage.signing import expiry_of

__all__ = ["download", "original", "version"]

_HEADERS = {
    "Cache-Control": "private",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_MEDIA_TYPES = {known.media_type for known in FORMATS.values()}
_EXTENSIONS = {"jpeg", "jpe", "jfif", *(known.extension for known in FORMATS.values())}
_NAME_LENGTH = 100
_TIME_TO_FOLLOW = 60
"""Seconds that are left for a browser that follows a redirect which it has kept."""


@require_safe
def original(request: HttpRequest, image_id: str) -> HttpResponseBase:
    """The original of an image, for members of its organization that may view it.

    Others get 404, as for an image that does not exist; who is not logged in is sent to the log-in
    page. 503 if the storage is down.
    """
    user = getattr(request, "user", None)
    if not is_logged_in(user):
        return redirect_to_login(request.get_full_path())
    image = get_viewable_image(user, image_id)
    try:
        return download(image)
    except StorageUnavailable as error:
        return HttpResponse(
            str(error),
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            content_type="text/plain; charset=utf-8",
            headers=_HEADERS,
        )


@require_safe
def version(request: HttpRequest, image_id: str, name: str) -> HttpResponseBase:
    """Redirects to the URL that a version has now, or the next best version while it is missing.

    So a link in a mail, or in a text that was written once, lives longer than a signature. The
    policy is asked each time, except that a browser may keep the redirect while its signature
    holds. Who may not view the image gets 404, as for an image, or a version, that does not exist;
    who is not logged in is sent to the log-in page.
    """
    user = getattr(request, "user", None)
    if not is_logged_in(user):
        return redirect_to_login(request.get_full_path())
    try:
        found = get_viewable_image(user, image_id).version(name)
    except (PermissionDenied, KeyError):
        raise NotFound from None
    if found is None:
        raise NotFound
    response = HttpResponseRedirect(found.url)
    response.headers["Cache-Control"] = _cache_control(expiry_of(response.url))
    return response


def download(image: AbstractImage) -> FileResponse:
    """The original, which browsers store and never open as a page. The caller checks the access.

    Raises ``NotFound`` if the file is missing, and ``StorageUnavailable`` if the storage is down.
    """
    try:
        file = open_original(image.key)
    except FileNotFoundError:
        raise NotFound from None
    except Exception as error:  # each storage has errors of its own
        problem = report(f"Reading the original {image.key}", error)
        message = _("The storage is not responding. Try again later.")
        raise StorageUnavailable(message, problem.name) from error
    known = image.media_type in _MEDIA_TYPES  # a host may have inserted the row
    response = FileResponse(
        file,
        as_attachment=True,
        filename=file_name_of(image),
        content_type=image.media_type if known else "application/octet-stream",
        headers=_HEADERS,
    )
    response.headers["Content-Length"] = str(file.size)
    return response


def _cache_control(expires_at: datetime | None) -> str:
    """For a redirect to a URL that is valid until then; one without a limit is asked for again."""
    if expires_at is None:
        return "private, no-cache"
    left = int(expires_at.timestamp() - time.time()) - _TIME_TO_FOLLOW
    return f"private, max-age={max(0, left)}"


def file_name_of(image: AbstractImage) -> str:
    """The name of the file that was uploaded, or else the title, as a name that every system
    accepts, with the extension of the key.
    """
    extension = f".{image.key.rpartition('.')[2]}"
    name = "".join(_plain(char) for char in image.file_name or image.title).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() not in _EXTENSIONS:
        stem = name
    stem = stem[:_NAME_LENGTH].strip(" .")
    return f"{stem}{extension}" if stem else image.key.rpartition("/")[2]


def _plain(char: str) -> str:
    """Without control characters and bidi marks, which can disguise an extension."""
    if unicodedata.category(char).startswith("C"):
        return ""
    return "_" if char in '/\\:*?"<>|%' else char
