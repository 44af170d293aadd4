"""The router: which function answers which method and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ninja import Router
from ninja.constants import NOT_SET
from ninja.security import django_auth
from ninja.throttling import BaseThrottle
from pydantic import BaseModel

from django_polyimages.api import images, relations, schemas
from django_polyimages.api.errors import answering_errors, closed

ORG = "orgs/{org_slug}/"
TARGET = ORG + "images/{app_label}/{model}/{obj_id}/"
ERRORS = dict.fromkeys((400, 401, 403, 404), schemas.PolyimagesError)
ERRORS_OF_UPLOADS = ERRORS | {503: schemas.PolyimagesError}


def images_router(
    *,
    auth: Callable[..., Any] | Sequence[Callable[..., Any]] = django_auth,
    throttle: BaseThrottle | list[BaseThrottle] = NOT_SET,  # type: ignore[assignment]
    tags: Sequence[str] = ("images",),
    name: str = "images",
) -> Router:
    """A new router with all endpoints, to be mounted as ``api.add_router("/images/", ...)``.

    ``auth`` is any authentication of Ninja, by default the session with its CSRF check; whom it
    finds must be a user, returned or set as ``request.user``. ``throttle`` is any throttle of
    Ninja. ``name`` begins the operation ids and the names for ``reverse()``: a second router on the
    same API needs another one.

    Raises ``ValueError`` where ``auth`` is empty: there is no open mode.
    """
    if not auth:
        raise ValueError("images_router(auth=...) needs an authentication, as django_auth.")
    router = Router(auth=auth, throttle=throttle, tags=list(tags))

    def add(method: str, path: str, view: Callable[..., Any], answer: Any, **extra: Any) -> None:
        operation = f"{name}_{view.__name__}"
        router.add_api_operation(
            path,
            [method],
            view,
            response=answer,
            operation_id=operation,
            url_name=operation,
            openapi_extra=extra,
        )

    add(
        "POST",
        ORG + "images/",
        images.upload,
        {200: schemas.PolyimagesImage} | ERRORS_OF_UPLOADS,
        **_form({"file": _FILE}, schemas.UploadIn),
    )
    add(
        "GET",
        ORG + "images/",
        images.list_images,
        {200: schemas.PolyimagesImageList} | ERRORS,
        **_query(schemas.Page),
    )
    add(
        "POST",
        ORG + "bulk-upload/",
        images.bulk_upload,
        {200: list[schemas.PolyimagesUploaded | schemas.PolyimagesRefused]} | ERRORS_OF_UPLOADS,
        **_form({"files": {"type": "array", "items": _FILE, "minItems": 1}}),
    )
    add(
        "POST",
        ORG + "attach/",
        relations.attach,
        {200: schemas.PolyimagesAttached} | ERRORS,
        **_body(schemas.AttachIn),
    )
    add(
        "POST",
        ORG + "detach/",
        relations.detach,
        {204: None} | ERRORS,
        **_body(schemas.TargetIn),
    )
    add(
        "GET",
        TARGET,
        relations.list_relations,
        {200: schemas.PolyimagesRelationList} | ERRORS,
        **_query(schemas.Page),
    )
    router.add_decorator(answering_errors, mode="operation")
    router.add_decorator(closed, mode="view")
    return router


_FILE = {"type": "string", "format": "binary"}


def _body(model: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def _form(files: dict[str, Any], texts: type[BaseModel] | None = None) -> dict[str, Any]:
    fields = texts.model_json_schema()["properties"] if texts else {}
    schema = {"type": "object", "properties": files | fields, "required": list(files)}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


def _query(model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in fields.items()
        ]
    }
