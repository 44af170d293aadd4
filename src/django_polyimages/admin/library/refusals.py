"""Error responses for the scripts in the admin."""

from __future__ import annotations

from http import HTTPStatus

from django.http import JsonResponse


def refusal(detail: str, status: HTTPStatus) -> JsonResponse:
    """An error in the same format as in the HTTP API."""
    return JsonResponse({"detail": detail}, status=status)
