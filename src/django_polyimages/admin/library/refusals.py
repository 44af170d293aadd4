"""What scripts in the admin are answered."""

from __future__ import annotations

from http import HTTPStatus

from django.http import JsonResponse


def refusal(detail: str, status: HTTPStatus) -> JsonResponse:
    """Why nothing was done, as in the HTTP API."""
    return JsonResponse({"detail": detail}, status=status)
