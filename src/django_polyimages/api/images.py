"""Endpoints for the images of an organization."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, OperationalError, router, transaction
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja.responses import Status

from django_polyimages.access import Access
from django_polyimages.accessors import get_image_model
from django_polyimages.api.access import enter
from django_polyimages.api.codes import ErrorCode
from django_polyimages.api.conflicts import (
    duplicate,
    is_duplicate,
    is_transaction_lost,
    lost_deadlock,
    naming_uses,
    savepoint,
)
from django_polyimages.api.errors import ApiError
from django_polyimages.api.pagination import count_of, filtered, page_of
from django_polyimages.api.reading import check_ids, read_files, read_form, read_json, read_query
from django_polyimages.api.schemas_in import BulkUploadIn, IdsIn, ImageIn, ImagesPage, UploadIn
from django_polyimages.api.schemas_out import image_out, plain_key
from django_polyimages.api.waiting import waits_for
from django_polyimages.conf import get_settings
from django_polyimages.errors import Busy, InvalidImage, NotFound, StorageUnavailable
from django_polyimages.models import AbstractImage
from django_polyimages.models.deadlocks import again_after_deadlock, is_deadlock
from django_polyimages.pipeline.patience import waiting_together
from django_polyimages.views import download

logger = logging.getLogger("django_polyimages")


def upload(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """Upload an image.

    The file is checked and stored, unchanged unless the site removes metadata. Its versions are
    generated before the response, or, if the site has a task engine, soon after: then `status` is
    `pending`.
    """
    access = enter(request, org_slug)
    access.require("add")
    [file] = read_files(request, "file", at_most=1)
    texts = read_form(request, UploadIn).texts()
    image = store_image(access, file, **texts)
    return image_out(image, request)


def bulk_upload(request: HttpRequest, org_slug: str) -> list[dict[str, Any]]:
    """Upload several images.

    Each file is accepted or rejected separately. The results are in the order of the files.
    """
    access = enter(request, org_slug)
    access.require("add")
    files = read_files(request, "files", at_most=get_settings().max_files)
    read_form(request, BulkUploadIn)
    with waiting_together():
        return _results(request, access, files)


def list_images(request: HttpRequest, org_slug: str) -> dict[str, Any]:
    """The organization's images, newest first."""
    access = enter(request, org_slug)
    access.require("view")
    page = read_query(request, ImagesPage)
    images = filtered(access.images(), page)
    shown, following = page_of(images, page)
    return {
        "items": [image_out(image, request) for image in shown],
        "count": count_of(images, page, shown, following),
        "next": following,
    }


def bulk_delete(request: HttpRequest, org_slug: str) -> Status[None]:
    """Delete images, their files and their relations.

    An id that is not one of the organization's images is skipped. Where objects of other models
    protect an image, none is deleted, and the answer says which image and what uses it.
    """
    access = enter(request, org_slug)
    ids = check_ids(read_json(request, IdsIn).ids)
    images = access.some_images(ids)
    for image in images:
        access.require("delete", image)
    if not images:
        access.require("delete")
    with naming_uses(access, images):
        access.images().filter(pk__in=[image.pk for image in images]).delete()
    return Status(HTTPStatus.NO_CONTENT, None)


def get_image(request: HttpRequest, org_slug: str, image_id: str) -> dict[str, Any]:
    """One image."""
    access = enter(request, org_slug)
    image = access.image(image_id)
    access.require("view", image)
    return image_out(image, request)


def get_original(request: HttpRequest, org_slug: str, image_id: str) -> HttpResponseBase:
    """Download the original of an image.

    The `url` of an image leads here if its storage has no URLs of its own.
    """
    access = enter(request, org_slug)
    image = access.image(image_id)
    access.require("view", image)
    return download(image)


def update_image(request: HttpRequest, org_slug: str, image_id: str) -> dict[str, Any]:
    """Change an image's texts."""
    access = enter(request, org_slug)
    access.require("change", access.image(image_id))
    texts = read_json(request, ImageIn).texts()
    using = router.db_for_write(get_image_model())

    def update() -> AbstractImage:
        with transaction.atomic(using=using):
            image = access.image(image_id, for_update=True)
            for name, text in texts.items():
                setattr(image, name, text)
            image.save(update_fields=[*texts, "updated_at"])
        return image

    return image_out(again_after_deadlock(update, using=using), request)


def delete_image(request: HttpRequest, org_slug: str, image_id: str) -> Status[None]:
    """Delete an image, its files and its relations."""
    access = enter(request, org_slug)
    image = access.image(image_id)
    access.require("delete", image)
    with naming_uses(access, [image]):
        image.delete()
    return Status(HTTPStatus.NO_CONTENT, None)


def store_image(access: Access, file: UploadedFile[bytes], **texts: Any) -> AbstractImage:
    """Upload ``file`` for the member, as an image of the organization."""
    creator = access.creator
    try:
        return get_image_model().objects.upload(
            file, organization=access.organization, creator=creator, **texts
        )
    except IntegrityError:
        _check_not_deleted(access.organization, creator)
        raise


def _check_not_deleted(organization: Model, creator: Model | None) -> None:
    """404 or 401 if what the row would refer to has been deleted since the upload began."""
    using = router.db_for_write(get_image_model())

    def is_gone(row: Model) -> bool:  # the user may be lazy, so type() does not tell
        return not row.__class__._base_manager.using(using).filter(pk=row.pk).exists()

    if is_gone(organization):
        raise NotFound
    if creator and is_gone(creator):
        raise ApiError(HTTPStatus.UNAUTHORIZED, _("Log in first."), "not_authenticated")


def _results(
    request: HttpRequest, access: Access, files: list[UploadedFile[bytes]]
) -> list[dict[str, Any]]:
    """One result for each file; those after one that waited in vain do not wait as well."""
    results: list[dict[str, Any]] = []
    down: StorageUnavailable | None = None
    for file in files:
        try:
            if down:
                raise down
            results.append(_result(request, access, file))
        except StorageUnavailable as error:
            down = error
            code: ErrorCode = "busy" if isinstance(error, Busy) else "storage_unavailable"
            results.append(_refusal(file, str(error), code))
    return results


def _refusal(file: UploadedFile[bytes], problem: str, code: ErrorCode) -> dict[str, Any]:
    return {"status": "error", "error": problem, "file": file.name, "code": code}


def _result(request: HttpRequest, access: Access, file: UploadedFile[bytes]) -> dict[str, Any]:
    try:
        with savepoint():
            image = store_image(access, file)
            waits_for(image, request)
    except StorageUnavailable:
        raise
    except Exception as error:
        if is_transaction_lost():  # and with it the files before this one
            raise
        return _refusal(file, *_problem(error))
    return {"status": "success", "id": plain_key(image.pk), "file": image.key}


def _problem(error: Exception) -> tuple[str, ErrorCode]:
    """What the caller may know of it; what they have not caused is logged."""
    if isinstance(error, InvalidImage):
        return str(error), error.code
    if isinstance(error, NotFound):
        return str(error), "not_found"
    if isinstance(error, ApiError):
        return error.detail, error.code
    if isinstance(error, IntegrityError) and is_duplicate(error):
        return duplicate(), "duplicate"
    if isinstance(error, OperationalError) and is_deadlock(error):
        return lost_deadlock(), "busy"
    logger.error("A file of a bulk upload could not be stored.", exc_info=error)
    return _("This file could not be stored because of a server error."), "server_error"
