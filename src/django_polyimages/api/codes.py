"""What went wrong, for programs: every error has a ``code`` beside its translated ``detail``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from django_polyimages.errors import InvalidImageCode

ErrorCode = Literal[
    InvalidImageCode,
    # 400
    "body_too_large",
    "body_unreadable",
    "invalid_cursor",
    "invalid_fields",
    "invalid_json",
    "missing_file",
    "too_many_ids",
    "too_many_images",
    "wrong_content_type",
    # 401, 403
    "not_authenticated",
    "csrf_failed",
    "not_a_member",
    "not_allowed",
    "other_site",
    # 404, 405, 409, 412, 429; those of pending uploads are among InvalidImageCode
    "not_found",
    "method_not_allowed",
    "duplicate",
    "in_use",
    "throttled",
    # 503
    "busy",
    "storage_unavailable",
    # one file of a bulk upload
    "server_error",
    # another status, of an authentication or a throttle of the host
    "refused",
]
"""Codes are never renamed; new ones may be added."""

_OF_STATUS: dict[int, ErrorCode] = {
    HTTPStatus.BAD_REQUEST: "body_unreadable",
    HTTPStatus.UNAUTHORIZED: "not_authenticated",
    HTTPStatus.FORBIDDEN: "not_allowed",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
}


def code_of_status(status: int) -> ErrorCode:
    """The code of an error of which only the status is known: Ninja or the host has answered."""
    return _OF_STATUS.get(status, "refused")
