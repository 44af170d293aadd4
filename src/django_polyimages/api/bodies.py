"""How much of a request's body is read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from django_polyimages.api.errors import TooManyFiles, View, answer
from django_polyimages.conf import get_settings
from django_polyimages.errors import InvalidImage
from django_polyimages.pipeline.puts import unavailable
from django_polyimages.pixels.inspection import check_number_of_files
from django_polyimages.storage.problems import report

MAX_JSON = 512 * 1024
"""Bytes. A thousand ids need 40 KB, the longest texts 150 KB."""
REST_OF_FORM = 1024 * 1024
"""Bytes of a form beside its files."""


def largest_form(*, max_files: int) -> int:
    """The bytes of the largest form with that many files."""
    settings = get_settings()
    return min(max_files * settings.max_bytes, settings.max_request_bytes) + REST_OF_FORM


def bounded(limit: Callable[[], int]) -> Callable[[View], View]:
    """Around a view: a request that announces a body of more bytes is refused unread, and of a
    form no more is read than the settings allow.
    """

    def bounding(run: View) -> View:
        @wraps(run)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            size, largest = _announced(request), limit()
            if size > largest:
                return answer(HTTPStatus.BAD_REQUEST, too_large(size, largest), "body_too_large")
            _prepare_form(request)
            response: HttpResponseBase = run(request, *args, **kwargs)
            return response

        return view

    return bounding


def too_large(size: int, limit: int) -> str:
    return _("The request body is too large: %(size)d bytes; the maximum is %(limit)d.") % {
        "size": size,
        "limit": limit,
    }


def load_form(request: HttpRequest) -> None:
    """Read the form of the request, if it has one; ``request.FILES`` would do the same.

    Django writes large files to a temporary folder. Raises ``StorageUnavailable`` if that fails,
    because the disk is full, for example.
    """
    try:
        request.FILES  # noqa: B018
    except UnreadablePostError:  # the client has gone away
        raise
    except OSError as error:
        for handler in request.upload_handlers:  # Django would leave it to the garbage collector
            with suppress(OSError):
                handler.upload_interrupted()
        raise unavailable(report("Keeping an uploaded file", error)) from error


def _prepare_form(request: HttpRequest) -> None:
    """Limit the files of the form, and read its texts as UTF-8 whatever charset was sent.

    A middleware of the host may have read the form. It is taken as it is then: a change of the
    encoding would drop it, and there is nothing left to read it from.
    """
    try:
        request.upload_handlers = [BoundedUploads(request), *request.upload_handlers]
    except AttributeError:  # "You cannot set the upload handlers after ..."
        return
    request.encoding = "utf-8"


class BoundedUploads(FileUploadHandler):
    """Comes before the handlers of the host: they get no more than ``MAX_BYTES`` + 1 bytes of a
    file, which is then refused as too large, and no more than ``MAX_FILES`` files.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._most = get_settings().max_bytes + 1
        self._files = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._files += 1
        try:
            check_number_of_files(self._files)
        except InvalidImage as error:
            raise TooManyFiles(str(error)) from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """What the next handlers get of the bytes from ``start`` on."""
        return raw_data[: self._most - start] if start < self._most else None

    def file_complete(self, file_size: int) -> None:
        """The file is made by the next handlers."""


def _announced(request: HttpRequest) -> int:
    """The length of the body, read as Django reads it: any other text is 0, and nothing is read."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
