"""The endpoints, each with what its OpenAPI entry says of its body and query.

Bodies and queries are read by ``reading``, so Ninja does not see them and they are described here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from django_polyimages.api import images, relations, schemas_in, schemas_out

ORG: Final = "orgs/{org_slug}/"
IMAGE: Final = ORG + "images/{image_id}/"
TARGET: Final = ORG + "images/{app_label}/{model}/{obj_id}/"
_FILE: Final = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and a path, the function that answers, and what it answers with."""

    method: str
    path: str
    view: Callable[..., Any]
    status: int = 200
    answer: Any = None
    """The schema of the answer's body; None for an empty one."""
    document: dict[str, Any] = field(default_factory=dict)
    """What the OpenAPI entry says besides."""
    is_upload: bool = False


def endpoints() -> list[Endpoint]:
    """All of them; fixed words come before parameters, as the first match schemas_out."""
    return [*_of_images(), *_of_attachments(), *_of_objects()]


def _of_images() -> list[Endpoint]:
    return [
        Endpoint(
            method="GET",
            path=ORG + "images/",
            view=images.list_images,
            answer=schemas_out.PolyimagesImageList,
            document=_query(schemas_in.ImagesPage),
        ),
        Endpoint(
            method="POST",
            path=ORG + "images/",
            view=images.upload,
            answer=schemas_out.PolyimagesImage,
            document=_form({"file": _FILE}, schemas_in.UploadIn),
            is_upload=True,
        ),
        Endpoint(
            method="POST",
            path=ORG + "bulk-upload/",
            view=images.bulk_upload,
            answer=list[schemas_out.PolyimagesUploaded | schemas_out.PolyimagesRefused],
            document=_form(
                {"files": {"type": "array", "items": _FILE, "minItems": 1}}, schemas_in.BulkUploadIn
            ),
            is_upload=True,
        ),
        Endpoint(
            method="POST",
            path=ORG + "bulk-delete/",
            view=images.bulk_delete,
            status=204,
            document=_body(schemas_in.IdsIn),
        ),
        Endpoint(
            method="GET", path=IMAGE, view=images.get_image, answer=schemas_out.PolyimagesImage
        ),
        Endpoint(
            method="PATCH",
            path=IMAGE,
            view=images.update_image,
            answer=schemas_out.PolyimagesImage,
            document=_body(schemas_in.ImageIn),
        ),
        Endpoint(method="DELETE", path=IMAGE, view=images.delete_image, status=204),
    ]


def _of_attachments() -> list[Endpoint]:
    return [
        Endpoint(
            method="POST",
            path=ORG + "attach/",
            view=relations.attach,
            answer=schemas_out.PolyimagesAttached,
            document=_body(schemas_in.AttachIn),
        ),
        Endpoint(
            method="POST",
            path=ORG + "detach/",
            view=relations.detach,
            status=204,
            document=_body(schemas_in.TargetIn),
        ),
    ]


def _of_objects() -> list[Endpoint]:
    return [
        Endpoint(
            method="GET",
            path=TARGET,
            view=relations.list_relations,
            answer=schemas_out.PolyimagesRelationList,
            document=_query(schemas_in.Page),
        ),
        Endpoint(
            method="POST",
            path=TARGET + "bulk_attach/",
            view=relations.bulk_attach,
            answer=schemas_out.PolyimagesBulkAttached,
            document=_body(schemas_in.ImageIdsIn),
        ),
        Endpoint(
            method="POST",
            path=TARGET + "bulk_detach/",
            view=relations.bulk_detach,
            answer=schemas_out.PolyimagesBulkDetached,
            document=_body(schemas_in.ImageIdsIn),
        ),
        Endpoint(
            method="POST",
            path=TARGET + "reorder/",
            view=relations.reorder,
            answer=schemas_out.PolyimagesRelationList,
            document=_body(schemas_in.ImageIdsIn),
        ),
        Endpoint(
            method="PATCH",
            path=TARGET + "{image_id}/",
            view=relations.update_relation,
            answer=schemas_out.PolyimagesRelation,
            document=_body(schemas_in.OptionsIn),
        ),
    ]


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema() | {"properties": _fields(model)}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _form(files: dict[str, Any], texts: type[BaseModel]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": files | _fields(texts),
        "required": list(files),
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Without defaults, which a generated client might send: what is not sent stays as it is."""
    properties: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return {
        name: {key: value for key, value in schema.items() if key != "default"}
        for name, schema in properties.items()
    }


def _query(model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in fields.items()
        ]
    }
