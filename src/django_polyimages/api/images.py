"""Endpoints on the images of an organization."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from django_polyimages.accessors import get_image_model
from django_polyimages.api.access import Access, enter
from django_polyimages.api.reading import read_files, read_form, read_query
from django_polyimages.api.schemas import Page, UploadIn, image_out, plain_key
from django_polyimages.conf import get_settings
from django_polyimages.errors import InvalidImage, StorageUnavailable
from django_polyimages.models import AbstractImage


def upload(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """Upload an image.

    It is checked, stored untouched, and its versions are made before the answer.
    """
    access = enter(request, org_slug)
    access.require("add")
    [file] = read_files(request, "file", at_most=1)
    texts = read_form(request, UploadIn)
    return image_out(_store(access, file, **texts.dict()))


def bulk_upload(request: HttpRequest, org_slug: str) -> list[dict[str, Any]]:
    """Upload several images.

    Each file is stored or refused on its own; the results come in the order of the files.
    """
    access = enter(request, org_slug)
    access.require("add")
    files = read_files(request, "files", at_most=get_settings().max_files)
    return [_result(access, file) for file in files]


def list_images(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """The organization's images, newest first."""
    access = enter(request, org_slug)
    access.require("view")
    page = read_query(request, Page)
    images = access.images()
    shown = images.newest_first()[page.offset : page.offset + page.limit]
    return {"items": [image_out(image) for image in shown], "count": images.count()}


def _store(access: Access, file: UploadedFile[bytes], **texts: Any) -> AbstractImage:
    return get_image_model().objects.upload(
        file, organization=access.organization, creator=access.user, **texts
    )


def _result(access: Access, file: UploadedFile[bytes]) -> dict[str, Any]:
    try:
        image = _store(access, file)
    except (InvalidImage, StorageUnavailable) as error:
        return {"status": "error", "error": str(error), "file": file.name}
    return {"status": "success", "id": plain_key(image.pk), "file": image.key}
