"""The endpoints, each with what its OpenAPI entry says about its body or query.

``reading`` reads these, not Ninja, so Ninja cannot describe them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.urls import register_converter
from django.urls.converters import StringConverter
from pydantic import BaseModel

from django_polyimages.api import images, relations, schemas_in, schemas_out, uploads
from django_polyimages.api.bodies import MAX_JSON, largest_form
from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS

ORG: Final = "orgs/{org_slug}/"
IMAGES: Final = ORG + "images/"
UPLOADS: Final = ORG + "uploads/"
IMAGE: Final = ORG + "images/{image_id}/"
TARGET: Final = ORG + "images/{app_label}/{model}/{polyimages_rest:obj_id}/"
"""A primary key may contain slashes: servers decode ``%2F`` before Django sees the path."""
CONFLICT: Final = (HTTPStatus.CONFLICT,)
_FILE: Final = {"type": "string", "format": "binary"}
_FILES: Final = {"type": "array", "items": _FILE, "minItems": 1}


class _Rest(StringConverter):
    regex = r"[\s\S]+"  # Django's "path" stops at a line break


register_converter(_Rest, "polyimages_rest")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path, the function that answers, and what it takes and answers with."""

    method: str
    path: str
    view: Callable[..., Any]
    answer: Any = None
    """The schema of the response body; None for an empty body."""
    body: type[BaseModel] | None = None
    """The schema of the JSON or, with ``files``, of the form's other fields."""
    example: Any = None
    """A JSON body, which pages of documentation fill in: they would invent one from the schema."""
    query: type[BaseModel] | None = None
    files: dict[str, Any] | None = None
    """The fields for files, each with its JSON schema."""
    is_download: bool = False
    """Whether the response body is an original."""
    errors: tuple[int, ...] = ()
    """Beside those that all endpoints have."""
    begins_upload: bool = False
    """Whether it counts as an upload although it has no file."""
    is_body_optional: bool = False
    has_token: bool = False
    """Whether a file is sent to it, with a token that is its own authentication."""
    is_documented: bool = True

    @property
    def status(self) -> int:
        return HTTPStatus.OK if self.answer or self.is_download else HTTPStatus.NO_CONTENT

    @property
    def is_allowed(self) -> bool:
        """Whether answers about other methods name this one."""
        return self.is_documented or self.has_token

    def largest_body(self) -> int:
        """The bytes of the largest body that the settings allow."""
        if self.has_token:
            return get_settings().max_bytes
        if not self.files:
            return MAX_JSON
        many = any(field["type"] == "array" for field in self.files.values())
        return largest_form(max_files=get_settings().max_files if many else 1)

    @property
    def document(self) -> dict[str, Any]:
        """What the OpenAPI entry says about body and query, and about a file as the answer."""
        document: dict[str, Any] = {}
        if self.is_download:
            content = {one.media_type: {"schema": _FILE} for one in FORMATS.values()}
            document["responses"] = {HTTPStatus.OK: {"description": "OK", "content": content}}
        if self.query:
            document["parameters"] = [
                {"name": name, "in": "query", "required": False, "schema": schema}
                for name, schema in self.query.model_json_schema()["properties"].items()
            ]
        if self.body:
            kind = "multipart/form-data" if self.files else "application/json"
            content = {kind: {"schema": _schema(self.body, self.files or {})}}
            if self.example:
                content[kind]["example"] = self.example
            document["requestBody"] = {
                "required": not self.is_body_optional,
                "content": content,
            }
        return document


def endpoints() -> list[Endpoint]:
    """All of them; fixed words come before parameters, as the first match answers."""
    return [*_of_images(), *_of_uploads(), *_of_attachments(), *_of_objects()]


def _of_images() -> list[Endpoint]:
    one, many = schemas_out.PolyimagesImage, schemas_out.PolyimagesImageList
    results = list[schemas_out.PolyimagesUploaded | schemas_out.PolyimagesRefused]
    return [
        Endpoint("GET", IMAGES, images.list_images, many, query=schemas_in.ImagesPage),
        Endpoint(
            "POST", IMAGES, images.upload, one, schemas_in.UploadIn,
            files={"file": _FILE}, errors=(*CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
        ),
        Endpoint(
            "POST", ORG + "bulk-upload/", images.bulk_upload, results, schemas_in.BulkUploadIn,
            files={"files": _FILES}, errors=(HTTPStatus.SERVICE_UNAVAILABLE,),
        ),
        Endpoint(
            "POST", ORG + "bulk-delete/", images.bulk_delete,
            body=schemas_in.IdsIn, errors=CONFLICT,
        ),
        Endpoint("GET", IMAGE, images.get_image, one),
        Endpoint(
            "GET", IMAGE + "original/", images.get_original,
            is_download=True, errors=(HTTPStatus.SERVICE_UNAVAILABLE,),
        ),
        Endpoint(
            "PATCH", IMAGE, images.update_image, one, schemas_in.ImageIn,
            {"title": "Front door"}, errors=CONFLICT,
        ),
        Endpoint("DELETE", IMAGE, images.delete_image, errors=CONFLICT),
    ]  # fmt: skip


def _of_uploads() -> list[Endpoint]:
    down = (HTTPStatus.SERVICE_UNAVAILABLE,)
    return [
        Endpoint(
            "POST", UPLOADS, uploads.begin_upload, schemas_out.PolyimagesPendingUpload,
            schemas_in.PendingUploadIn,
            {"name": "door.jpg", "size": 56789, "type": "image/jpeg"}, begins_upload=True,
        ),
        # Not documented: clients are told its URL.
        Endpoint(
            "PUT", UPLOADS + "{upload_id}/file/", uploads.send_file,
            has_token=True, is_documented=False,
        ),
        Endpoint(
            "POST", UPLOADS + "{upload_id}/complete/", uploads.complete_upload,
            schemas_out.PolyimagesImage, schemas_in.UploadIn, {"title": "Front door"},
            errors=(*CONFLICT, *down), is_body_optional=True,
        ),
        Endpoint("DELETE", UPLOADS + "{upload_id}/", uploads.cancel_upload),
    ]  # fmt: skip


def _of_attachments() -> list[Endpoint]:
    attached, body = schemas_out.PolyimagesAttached, schemas_in.AttachIn
    four = {"image_id": 1, "app_label": "contacts", "model": "contact", "object_id": 1}
    return [
        Endpoint("POST", ORG + "attach/", relations.attach, attached, body, four, errors=CONFLICT),
        Endpoint("POST", ORG + "detach/", relations.detach, None, schemas_in.TargetIn, four),
    ]


def _of_objects() -> list[Endpoint]:
    ids, listed = schemas_in.ImageIdsIn, schemas_out.PolyimagesRelationList
    below = [
        Endpoint(
            "POST", TARGET + "bulk_attach/", relations.bulk_attach,
            schemas_out.PolyimagesBulkAttached, ids, errors=CONFLICT,
        ),
        Endpoint(
            "POST", TARGET + "bulk_detach/", relations.bulk_detach,
            schemas_out.PolyimagesBulkDetached, ids,
        ),
        Endpoint("POST", TARGET + "reorder/", relations.reorder, listed, ids, errors=CONFLICT),
        Endpoint(
            "PATCH", TARGET + "{image_id}/", relations.update_relation,
            schemas_out.PolyimagesRelation, schemas_in.OptionsIn, {"is_cover": True},
            errors=CONFLICT,
        ),
    ]  # fmt: skip
    whole = Endpoint("GET", TARGET, relations.list_relations, listed, query=schemas_in.Page)
    # Last, as a key takes all that follows.
    return [*below, *(_list_of_longer_key(one) for one in below), whole]


def _list_of_longer_key(other: Endpoint) -> Endpoint:
    """A GET of the path of another endpoint: with its last part, the key is longer."""
    ending = other.path.removeprefix(TARGET).removesuffix("/")
    view = relations.list_of_longer_key(other.view, ending, allow=other.method)
    listed = schemas_out.PolyimagesRelationList
    return Endpoint("GET", other.path, view, listed, is_documented=False)


def _schema(model: type[BaseModel], files: dict[str, Any]) -> dict[str, Any]:
    """No defaults, which a generated client might send: what is not sent stays as it is."""
    schema = model.model_json_schema()
    fields: dict[str, dict[str, Any]] = schema["properties"]
    without_defaults = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in fields.items()
    }
    required = [*files, *schema.get("required", [])]
    schema |= {"properties": files | without_defaults}
    return schema | {"required": required} if required else schema
