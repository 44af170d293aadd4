"""Endpoints for uploads in three steps: begin, send the file to where that says, complete."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from ninja.responses import Status

from django_polyimages.access import Access
from django_polyimages.api.access import enter
from django_polyimages.api.images import store_image
from django_polyimages.api.moments import in_utc
from django_polyimages.api.reading import has_body, read_json
from django_polyimages.api.schemas_in import PendingUploadIn, UploadIn
from django_polyimages.api.schemas_out import image_out
from django_polyimages.models import PendingUpload, ReceivedFile


def begin_upload(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """Begin to upload an image in steps.

    The answer says where to send the file: straight to the bucket, or to this site if its storage
    is not S3. Complete the upload when it has arrived.
    """
    access = enter(request, org_slug)
    access.require("add")
    wanted = read_json(request, PendingUploadIn)
    upload = PendingUpload.objects.begin(
        name=wanted.name,
        byte_size=wanted.size,
        media_type=wanted.type,
        sha256=wanted.sha256 or "",
        organization=access.organization,
        creator=access.creator,
    )
    told = upload.instructions(f"{quote(request.path)}{upload.pk}/file/")
    return {
        "id": str(upload.pk),
        "method": told.method,
        "url": told.url,
        "headers": told.headers,
        "expires_at": in_utc(told.expires_at),
    }


def send_file(request: HttpRequest, org_slug: str, upload_id: str) -> Status[None]:
    """Send the file of an upload. The token in the query is a permission for this file alone."""
    # It needs no login, so a wrong one is answered with 403.
    request.auth = None  # type: ignore[attr-defined]
    PendingUpload.objects.receive(request.GET.get("token", ""), request, key=upload_id)
    return Status(HTTPStatus.NO_CONTENT, None)


def complete_upload(request: HttpRequest, org_slug: str, upload_id: str) -> dict[str, Any]:
    """Make an image of a file that was sent.

    It is checked now, as any other upload. A file that is not accepted is deleted; begin again
    then. Only whoever has begun an upload can complete it, and only once.
    """
    access = enter(request, org_slug)
    access.require("add")
    texts = read_json(request, UploadIn) if has_body(request) else UploadIn()
    upload = _upload(access, upload_id)
    upload.check_waiting()
    return image_out(store_image(access, ReceivedFile(upload), **texts.texts()), request)


def cancel_upload(request: HttpRequest, org_slug: str, upload_id: str) -> Status[None]:
    """Cancel an upload. What was sent is deleted; an image that was made of it stays."""
    access = enter(request, org_slug)
    access.require("add")
    _upload(access, upload_id).cancel()
    return Status(HTTPStatus.NO_CONTENT, None)


def _upload(access: Access, upload_id: str) -> PendingUpload:
    """The upload, if the member has begun it, or it is not known who did."""
    upload = PendingUpload.objects.find(upload_id)
    upload.check_organization(access.organization.pk)
    creator = access.creator
    upload.check_creator(creator.pk if creator else None)
    return upload
