"""A client of pending uploads on the storage of this site, without HTTP."""

from __future__ import annotations

from django.test import RequestFactory
from django.utils import timezone

from django_polyimages.models import PendingUpload
from tests.drawing import photo

INCOMING = "images-incoming"


def begin(content: bytes, name: str = "photo.jpg", **options) -> PendingUpload:
    return PendingUpload.objects.begin(name=name, byte_size=len(content), **options)


def send(upload: PendingUpload, content: bytes, **options) -> PendingUpload:
    """What a client does with the instructions, without HTTP."""
    told = upload.instructions("/send/")
    given = {"content_type": told.headers["Content-Type"]} | options
    request = RequestFactory().put(told.url, content, **given)
    return PendingUpload.objects.receive(request.GET["token"], request)


def sent(**options) -> PendingUpload:
    """An upload of ``photo()`` that waits to be used."""
    return send(begin(photo(), **options), photo())


def expire(upload: PendingUpload) -> None:
    PendingUpload.objects.filter(pk=upload.pk).update(expires_at=timezone.now())
