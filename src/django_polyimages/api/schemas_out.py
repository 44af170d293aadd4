"""What the API answers with. The names begin with ``Polyimages``, as hosts have an ``ImageOut``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from django.db.models import IntegerField, Model
from django.http import HttpRequest
from ninja import Schema
from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from django_polyimages.accessors import get_image_model
from django_polyimages.api.codes import ErrorCode
from django_polyimages.api.moments import moment_out
from django_polyimages.api.waiting import waits_for
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage, AbstractImageRelation
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.storage import get_storage, needs_view
from django_polyimages.storage.signing import expiry_of, urls_of


class _KeySchema:
    """In the OpenAPI document, an id has the type of the primary key of the image model."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        integer = isinstance(key_field_of(get_image_model()), IntegerField)
        return {"type": "integer" if integer else "string"}


class _VersionsSchema:
    """In the OpenAPI document, each version name is a separate field."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        one = handler(core)["additionalProperties"]
        return {
            "type": "object",
            "properties": dict.fromkeys(get_settings().version_names, one),
            "additionalProperties": False,
        }


_ROOT = "_polyimages_root"
ImageStatus = Literal["pending", "ready", "failed"]
ImageId = Annotated[int | str, _KeySchema()]


class PolyimagesError(Schema):
    detail: str = Field(description="What is wrong, in the language of the request.")
    code: ErrorCode = Field(description="What is wrong, for programs.")


class PolyimagesVersion(Schema):
    url: str
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    bytes: int


class PolyimagesPoint(Schema):
    """From 0 (left, top) to 1 (right, bottom)."""

    x: float
    y: float


class PolyimagesImage(Schema):
    id: ImageId
    file: str = Field(description="The key of the original in its storage.")
    file_name: str | None = Field(description="The name of the file that was uploaded.")
    title: str | None
    alt_text: str | None
    description: str | None
    organization_id: int | str
    creator_id: int | str | None
    created_at: datetime
    updated_at: datetime
    url: str = Field(description="The URL of the original, for members only.")
    url_expires_at: datetime | None = Field(
        description="Until when all URLs of this image are valid; null if they are not signed."
    )
    width: int = Field(description="Pixels, as displayed.")
    height: int = Field(description="Pixels, as displayed.")
    byte_size: int
    media_type: str
    status: ImageStatus = Field(
        description="`pending` while versions are generated: ask again after `Retry-After` seconds."
    )
    focal_point: PolyimagesPoint = Field(description="The point cropped versions keep visible.")
    dominant_color: str | None = Field(description="Such as `#3fa2c1`.")
    placeholder: str | None = Field(description="A tiny version of the picture, as a data URI.")
    versions: Annotated[dict[str, PolyimagesVersion], _VersionsSchema()]


class PolyimagesImageList(Schema):
    items: list[PolyimagesImage]
    count: int | None = Field(
        description="The number of all matches; null if a cursor was sent, and above 10,000."
    )
    next: str | None = Field(description="The cursor of the next page; null on the last page.")


class PolyimagesRelation(Schema):
    id: int | str
    image: PolyimagesImage
    app_label: str
    model: str
    object_id: str
    is_cover: bool
    order: int | None
    custom_title: str | None
    custom_alt_text: str | None
    custom_description: str | None
    title: str | None = Field(description="The text for this object, or that of the image.")
    alt_text: str | None = Field(description="The text for this object, or that of the image.")
    description: str | None = Field(description="The text for this object, or that of the image.")


class PolyimagesRelationList(Schema):
    items: list[PolyimagesRelation]
    count: int


class PolyimagesUploaded(Schema):
    status: Literal["success"]
    id: ImageId
    file: str = Field(description="The key of the original in its storage.")


class PolyimagesRefused(Schema):
    status: Literal["error"]
    error: str = Field(description="What is wrong and what is allowed.")
    file: str = Field(description="The name of the file that was sent.")
    code: ErrorCode = Field(description="What is wrong, for programs.")


class PolyimagesPendingUpload(Schema):
    id: str
    method: Literal["PUT"]
    url: str = Field(description="Where to send the file, as the whole body of the request.")
    headers: dict[str, str] = Field(description="Send all of them.")
    expires_at: datetime = Field(description="When the file can no longer be sent and used.")


class PolyimagesAttached(Schema):
    detail: str = Field(examples=["attached"])
    created: bool = Field(description="False if it was already attached.")


class PolyimagesBulkAttached(Schema):
    attached: list[ImageId] = Field(description="The images that were not attached before.")


class PolyimagesBulkDetached(Schema):
    detached: list[ImageId] = Field(description="The images that were attached before.")


def image_out(image: AbstractImage, request: HttpRequest) -> dict[str, Any]:
    """An image as the API shows it, from its row: no query, no call of the storage."""
    waits_for(image, request)
    key, url = image.key, _url_of_original(image, request)
    versions = _versions_out(image)
    expiry = _first_expiry(url, *(version["url"] for version in versions.values()))
    return {
        "id": plain_key(image.pk),
        "file": key,
        "file_name": image.file_name or None,
        "title": image.title or None,
        "alt_text": image.alt_text or None,
        "description": image.description or None,
        "organization_id": plain_key(image.organization_id),
        "creator_id": plain_key(image.creator_id),
        "created_at": moment_out(image.created_at, request),
        "updated_at": moment_out(image.updated_at, request),
        "url": url,
        "url_expires_at": expiry and moment_out(expiry, request),
        "width": image.width,
        "height": image.height,
        "byte_size": image.byte_size,
        "media_type": image.media_type,
        "status": str(image.status),
        "focal_point": {"x": float(image.focal_x), "y": float(image.focal_y)},
        "dominant_color": image.dominant_color or None,
        "placeholder": image.placeholder or None,
        "versions": versions,
    }


def _versions_out(image: AbstractImage) -> dict[str, dict[str, Any]]:
    wanted, url_of = get_settings().version_names, urls_of(get_storage())
    return {
        name: {
            "url": url_of(version["key"]),
            "width": version["width"],
            "height": version["height"],
            "bytes": version["bytes"],
        }
        for name, version in image.versions.items()
        if name in wanted
    }


def _first_expiry(*urls: str) -> datetime | None:
    return min(filter(None, map(expiry_of, urls)), default=None)


def relation_out(
    relation: AbstractImageRelation, target: Model, request: HttpRequest
) -> dict[str, Any]:
    """A relation to ``target`` as the API returns it."""
    return {
        "id": plain_key(relation.pk),
        "image": image_out(relation.image, request),
        "app_label": target._meta.app_label,
        "model": target._meta.model_name,
        "object_id": relation.object_id,
        "is_cover": relation.is_cover,
        "order": relation.order,
        "custom_title": relation.custom_title or None,
        "custom_alt_text": relation.custom_alt_text or None,
        "custom_description": relation.custom_description or None,
        "title": relation.title or None,
        "alt_text": relation.alt_text or None,
        "description": relation.description or None,
    }


def _url_of_original(image: AbstractImage, request: HttpRequest) -> str:
    """The URL in the storage, or the endpoint of this API where only a view hands it out."""
    if not needs_view(image.key):
        return image.url
    root, slug = _root_of(request)
    return f"{root}orgs/{slug}/images/{quote(str(image.pk), safe='')}/original/"


def _root_of(request: HttpRequest) -> tuple[str, str]:
    """The path below which the router is mounted here, and the slug of the organization, quoted.

    A host may have mounted it several times, and below parameters of its own, which may look like
    paths of this API. So the root is what is left of the path without the part that the router's
    own route stands for, which is the last one. It is found once for a request.
    """
    found: tuple[str, str] | None = getattr(request, _ROOT, None)
    if found is None:
        match: Any = request.resolver_match
        route = re.split(r"(?=orgs/<[^<>]*org_slug>/)", match.route)[-1]
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(match.kwargs[name[1]]), route)
        slug = quote(match.kwargs["org_slug"], safe="")
        found = quote(request.path.removesuffix(path)), slug
        setattr(request, _ROOT, found)
    return found


def plain_key(key: Any) -> Any:
    """A primary key as a JSON value: an integer, a string or null."""
    return key if key is None or isinstance(key, int) else str(key)
