"""Calls of the API, as sentences."""

from __future__ import annotations

from typing import Any

from django.core.files.base import File
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from tests.drawing import photo, upload_of

ROOT = "/api/v1/images/orgs"


def upload(client: Client, *files: File[bytes], org: str = "acme", **texts: Any) -> HttpResponse:
    sent = files or (upload_of(photo()),)
    data = {"file": sent[0] if len(sent) == 1 else list(sent), **texts}
    return client.post(f"{ROOT}/{org}/images/", data)


def bulk_upload(client: Client, *files: File[bytes], org: str = "acme") -> HttpResponse:
    return client.post(f"{ROOT}/{org}/bulk-upload/", {"files": list(files)})


def post(client: Client, path: str, body: Any, org: str = "acme") -> HttpResponse:
    return client.post(f"{ROOT}/{org}/{path}", body, content_type="application/json")


def get(client: Client, path: str = "images/", org: str = "acme", **query: Any) -> HttpResponse:
    return client.get(f"{ROOT}/{org}/{path}", query)


def four(image: Model, obj: Model, **changed: Any) -> dict[str, Any]:
    """The body of attach and detach."""
    return {
        "image_id": image.pk,
        "app_label": obj._meta.app_label,
        "model": obj._meta.model_name,
        "object_id": obj.pk if isinstance(obj.pk, int) else str(obj.pk),
    } | changed


def target(obj: Model) -> str:
    return f"images/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/"
