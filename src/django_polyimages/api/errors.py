"""Errors as the API tells them: always JSON with ``detail``, whatever the host's API does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, ObjectDoesNotExist, SuspiciousOperation
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from django_polyimages.errors import InvalidImage, NotAttached, StorageUnavailable

UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)
"""What Django raises for a body that is too large, has too many parts or breaks off."""

View = Callable[..., Any]
_ATTEMPTS = 4


class ApiError(Exception):
    """Ends a request with ``status`` and ``{"detail": detail}``."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def bad_request(detail: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, detail)


def not_found(detail: str = "") -> ApiError:
    """One body for what does not exist and for what another organization has."""
    return ApiError(HTTPStatus.NOT_FOUND, detail or _("Not found."))


def unknown_images(image_ids: Sequence[object]) -> ApiError:
    """404 that names the ids, as they were sent, of the first images that do not exist."""
    shown = ", ".join(json.dumps(image_id, default=str)[:50] for image_id in image_ids[:20])
    return not_found(_("Not found: images %(ids)s.") % {"ids": shown})


def answering_errors(view: View) -> View:
    """Around each endpoint's function: our errors become answers, not exceptions that the host's
    handlers would see.
    """

    @wraps(view)
    def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return _again_after_deadlocks(view, request, *args, **kwargs)
        except ApiError as error:
            return answer(error.status, error.detail)
        except (ObjectDoesNotExist, IntegrityError):
            # An object or an image that was deleted after we had looked it up.
            return answer(HTTPStatus.NOT_FOUND, _("Not found."))
        except NotAttached as error:
            return answer(HTTPStatus.NOT_FOUND, unknown_images(error.image_ids).detail)
        except InvalidImage as error:
            return answer(HTTPStatus.BAD_REQUEST, str(error))
        except StorageUnavailable as error:
            return answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except UNREADABLE as error:
            return answer(HTTPStatus.BAD_REQUEST, unreadable(error))

    return endpoint


def _again_after_deadlocks(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    """Call ``view``, and again where the database chose it as the victim of a deadlock.

    Our verbs lock an object before its relations. Django's ``delete()`` of an object removes the
    relations first, so the two can meet. All endpoints but the uploads may be repeated.
    """
    for _attempt in range(_ATTEMPTS - 1):
        try:
            return view(request, *args, **kwargs)
        except OperationalError as error:
            sent_files = request.content_type == "multipart/form-data"
            if sent_files or not _is_deadlock(error) or connection.in_atomic_block:
                raise
    return view(request, *args, **kwargs)


def _is_deadlock(error: OperationalError) -> bool:
    """PostgreSQL's 40P01 (appendix A of its manual), MySQL's and MariaDB's 1213."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state == "40P01" or error.args[:1] == (1213,)


def closed(run: View) -> View:
    """Around authentication and endpoint: what they answer is JSON, and an anonymous caller hears
    401 before anything about CSRF tokens.
    """

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.encoding = "utf-8"  # whatever charset the client has named
        try:
            if request.COOKIES:
                # The CSRF check of cookie authentication parses a form anyway; here we see it fail.
                request.POST  # noqa: B018
            response: HttpResponseBase = run(request, *args, **kwargs)
        except UNREADABLE as error:
            return answer(HTTPStatus.BAD_REQUEST, unreadable(error))
        status = response.status_code
        if status == HTTPStatus.FORBIDDEN and _is_anonymous(request):
            return answer(HTTPStatus.UNAUTHORIZED, _("Log in first."))
        if 400 <= status < 500 and not _has_detail(response):
            return answer(HTTPStatus(status), HTTPStatus(status).phrase)
        return response

    return view


def answer(status: HTTPStatus, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


def unreadable(error: Exception) -> str:
    return _("The request's body cannot be read: %(reason)s") % {"reason": error}


def _has_detail(response: HttpResponseBase) -> bool:
    """Whether this is an error as ours are; a handler of the host may have written another."""
    try:
        body = json.loads(getattr(response, "content", b""))
    except ValueError:
        return False
    return isinstance(body, dict) and "detail" in body


def _is_anonymous(request: HttpRequest) -> bool:
    """Nobody logged in, and refused during authentication: Ninja sets ``auth`` when it succeeds."""
    user = getattr(request, "user", None)
    return not hasattr(request, "auth") and not getattr(user, "is_authenticated", False)
