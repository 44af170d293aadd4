"""Error responses for the scripts in the admin."""

from __future__ import annotations

from http import HTTPStatus

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _

NONE_LEFT = _("The selected images no longer exist.")


def refusal(detail: str, status: HTTPStatus, code: str = "") -> JsonResponse:
    """An error in the same format as in the HTTP API."""
    return JsonResponse({"detail": detail} | ({"code": code} if code else {}), status=status)
