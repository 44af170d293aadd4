"""Errors as the API answers them: always JSON with ``detail`` and ``code``, whatever the host's
API does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from django_polyimages.api.codes import ErrorCode, code_of_status
from django_polyimages.api.conflicts import (
    InUse,
    duplicate,
    is_duplicate,
    lost_deadlock,
    roll_back,
)
from django_polyimages.errors import (
    Busy,
    InvalidImage,
    NotAttached,
    NotFound,
    StorageUnavailable,
    TooManyImages,
    UploadGone,
)
from django_polyimages.models.deadlocks import is_deadlock

UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)
"""Django's errors for a body that is too large, has too many parts or is incomplete."""

View = Callable[..., Any]
_OF_UPLOADS: dict[str, HTTPStatus] = {
    "upload_gone": HTTPStatus.NOT_FOUND,
    "used": HTTPStatus.CONFLICT,
    "already_sent": HTTPStatus.PRECONDITION_FAILED,
    "not_sent": HTTPStatus.BAD_REQUEST,
}
"""By the code of ``UploadGone``."""


class ApiError(Exception):
    """Ends a request with ``status`` and ``{"detail": detail, "code": code}``."""

    def __init__(self, status: HTTPStatus, detail: str, code: ErrorCode) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code


class TooManyFiles(MultiPartParserError):
    """Ends the reading of a form; the text is that of ``check_number_of_files``."""


def bad_request(detail: str, code: ErrorCode) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, detail, code)


def answering_errors(view: View) -> View:
    """Around each endpoint's function: errors that callers cause become answers, which the host's
    exception handlers never see. All other errors are the host's, to log and to answer.
    """

    @wraps(view)
    def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except ApiError as error:
            return answer(error.status, error.detail, error.code)
        except InUse as error:
            return answer(HTTPStatus.CONFLICT, str(error), "in_use")
        except NotFound as error:
            return not_found(str(error))
        except NotAttached as error:
            return not_found(str(NotFound(error.image_ids)))
        except PermissionDenied as error:
            return answer(HTTPStatus.FORBIDDEN, refused(error), "not_allowed")
        except UploadGone as error:
            return answer(_OF_UPLOADS[error.code], str(error), error.code)
        except InvalidImage as error:
            return answer(HTTPStatus.BAD_REQUEST, str(error), error.code)
        except TooManyImages as error:
            return answer(HTTPStatus.BAD_REQUEST, str(error), "too_many_images")
        except Busy as error:
            return _busy(str(error), error.retry_after)
        except StorageUnavailable as error:
            return answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error), "storage_unavailable")
        except UNREADABLE as error:
            return answer(HTTPStatus.BAD_REQUEST, unreadable(error), code_of_body(error))
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
            return answer(HTTPStatus.CONFLICT, duplicate(), "duplicate")
        except OperationalError as error:
            if not is_deadlock(error):
                raise
            roll_back()  # the answer is no error, after which the host's transaction would
            return _busy(lost_deadlock(), 1)

    return endpoint


def closed(run: View) -> View:
    """Turn every 4xx of the view, authentication included, into JSON.

    Callers who are not logged in get 401, not an error about CSRF tokens.
    """

    @wraps(run)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = run(request, *args, **kwargs)
        except UNREADABLE as error:
            return answer(HTTPStatus.BAD_REQUEST, unreadable(error), code_of_body(error))
        except PermissionDenied as error:
            return answer(HTTPStatus.FORBIDDEN, refused(error), "not_allowed")
        status = response.status_code
        if status == HTTPStatus.FORBIDDEN and _is_anonymous(request):
            return answer(HTTPStatus.UNAUTHORIZED, _("Log in first."), "not_authenticated")
        return _with_code(response) if 400 <= status < 500 else response

    return view


def answer(status: HTTPStatus, detail: str, code: ErrorCode) -> JsonResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)


def _busy(detail: str, retry_after: int) -> JsonResponse:
    response = answer(HTTPStatus.SERVICE_UNAVAILABLE, detail, "busy")
    response.headers["Retry-After"] = str(retry_after)
    return response


def not_found(detail: str) -> JsonResponse:
    return answer(HTTPStatus.NOT_FOUND, detail, "not_found")


def method_not_allowed(allow: str) -> JsonResponse:
    detail = _("Method not allowed. Allowed methods: %(methods)s.") % {"methods": allow}
    response = answer(HTTPStatus.METHOD_NOT_ALLOWED, detail, "method_not_allowed")
    response.headers["Allow"] = allow
    return response


def refused(error: PermissionDenied) -> str:
    return str(error) or _("You do not have permission to do this.")


def unreadable(error: Exception) -> str:
    if isinstance(error, TooManyFiles):
        return str(error)
    return _("The request body cannot be read: %(reason)s") % {"reason": error}


def code_of_body(error: Exception) -> ErrorCode:
    """The code for one of ``UNREADABLE``."""
    if isinstance(error, TooManyFiles | TooManyFilesSent):
        return "too_many_files"
    return "body_too_large" if isinstance(error, RequestDataTooBig) else "body_unreadable"


def _with_code(response: HttpResponseBase) -> HttpResponseBase:
    """The error as the API writes it; Ninja and the host's handlers may write others.

    A ``code`` that is there stays: an authentication of the host may have codes of its own.
    """
    status = response.status_code
    try:
        body = json.loads(getattr(response, "content", b""))
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        return answer(HTTPStatus(status), HTTPStatus(status).phrase, code_of_status(status))
    if not isinstance(body.get("code"), str):
        body["code"] = code_of_status(status)
        response.content = json.dumps(body).encode()  # type: ignore[attr-defined]
    return response


def _is_anonymous(request: HttpRequest) -> bool:
    """Whether authentication has failed; Ninja sets ``auth`` when it succeeds."""
    user = getattr(request, "user", None)
    return not hasattr(request, "auth") and not getattr(user, "is_authenticated", False)
