"""Calls of the API, as sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.core.files.base import File
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from django_polyimages.policies import get_policy
from tests.api.answers import checked
from tests.drawing import photo, upload_of
from tests.sending import sent

ROOT = "/api/v1/images/orgs"


def upload(client: Client, *files: File[bytes], org: str = "acme", **texts: Any) -> HttpResponse:
    sent = files or (upload_of(photo()),)
    data = {"file": sent[0] if len(sent) == 1 else list(sent), **texts}
    return checked(client.post(f"{ROOT}/{org}/images/", data))


def bulk_upload(client: Client, *files: File[bytes], org: str = "acme") -> HttpResponse:
    return checked(client.post(f"{ROOT}/{org}/bulk-upload/", {"files": list(files)}))


def send(client: Client, method: str, path: str, body: Any, org: str = "acme") -> HttpResponse:
    call = getattr(client, method.lower())
    return checked(call(f"{ROOT}/{org}/{path}", body, content_type="application/json"))


def post(client: Client, path: str, body: Any, org: str = "acme") -> HttpResponse:
    return send(client, "POST", path, body, org)


def patch(client: Client, path: str, body: Any, org: str = "acme") -> HttpResponse:
    return send(client, "PATCH", path, body, org)


def get(client: Client, path: str = "images/", org: str = "acme", **query: Any) -> HttpResponse:
    return checked(client.get(f"{ROOT}/{org}/{path}", query))


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


def sent_to(org: str) -> Model:
    """A pending upload of the organization that can be completed; nobody knows who began it."""
    return sent(organization=get_policy().get_organization(org))


@dataclass(frozen=True)
class Call:
    """One endpoint, as it is called with an image and an object."""

    operation: str
    send: Callable[[Client, Any, Any, str], HttpResponse]
    writes: bool = False
    image: Literal["", "before", "after", "skipped"] = ""
    """Whether it names an image, looked up before or after the policy is asked, or skipped if it is
    not the organization's.
    """
    object: bool = False
    """Whether it names an object."""
    success: int = 200


CALLS = [
    Call("list_images", lambda c, i, o, org: get(c, org=org)),
    Call("upload", lambda c, i, o, org: upload(c, org=org), writes=True),
    Call(
        "bulk_upload", lambda c, i, o, org: bulk_upload(c, upload_of(photo()), org=org), writes=True
    ),
    Call(
        "bulk_delete",
        lambda c, i, o, org: post(c, "bulk-delete/", {"ids": [i.pk]}, org),
        writes=True,
        image="skipped",
        success=204,
    ),
    Call(
        "begin_upload",
        lambda c, i, o, org: post(c, "uploads/", {"name": "a.jpg", "size": 9}, org),
        writes=True,
    ),
    Call(
        "complete_upload",
        lambda c, i, o, org: post(c, f"uploads/{sent_to('acme').pk}/complete/", {}, org),
        writes=True,
    ),
    Call(
        "cancel_upload",
        lambda c, i, o, org: send(c, "DELETE", f"uploads/{sent_to('acme').pk}/", None, org),
        writes=True,
        success=204,
    ),
    Call("get_image", lambda c, i, o, org: get(c, f"images/{i.pk}/", org), image="before"),
    Call(
        "get_original",
        lambda c, i, o, org: get(c, f"images/{i.pk}/original/", org),
        image="before",
    ),
    Call(
        "update_image",
        lambda c, i, o, org: patch(c, f"images/{i.pk}/", {"title": "changed"}, org),
        writes=True,
        image="before",
    ),
    Call(
        "delete_image",
        lambda c, i, o, org: send(c, "DELETE", f"images/{i.pk}/", None, org),
        writes=True,
        image="before",
        success=204,
    ),
    Call(
        "attach",
        lambda c, i, o, org: post(c, "attach/", four(i, o), org),
        writes=True,
        image="before",
        object=True,
    ),
    Call(
        "detach",
        lambda c, i, o, org: post(c, "detach/", four(i, o), org),
        writes=True,
        image="before",
        object=True,
        success=204,
    ),
    Call("list_relations", lambda c, i, o, org: get(c, target(o), org), object=True),
    Call(
        "bulk_attach",
        lambda c, i, o, org: post(c, f"{target(o)}bulk_attach/", {"image_ids": [i.pk]}, org),
        writes=True,
        image="after",
        object=True,
    ),
    Call(
        "bulk_detach",
        lambda c, i, o, org: post(c, f"{target(o)}bulk_detach/", {"image_ids": [i.pk]}, org),
        writes=True,
        image="skipped",
        object=True,
    ),
    Call(
        "reorder",
        lambda c, i, o, org: post(c, f"{target(o)}reorder/", {"image_ids": [i.pk]}, org),
        writes=True,
        image="after",
        object=True,
    ),
    Call(
        "update_relation",
        lambda c, i, o, org: patch(c, f"{target(o)}{i.pk}/", {"custom_title": "changed"}, org),
        writes=True,
        image="after",
        object=True,
    ),
]
