"""Reads bodies and queries, after membership was checked; what is wrong with them is a 400.

Ninja could not keep these answers: it drops unknown fields of forms and queries and further files
of a field without an error, and takes JSON of any content type. What its models refuse, broken JSON
and a broken form go to the host's exception handlers, of which a router sees the response only; and
JSON is read by the host's parser, which may read something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from django_polyimages.api.bodies import MAX_JSON, load_form, too_large
from django_polyimages.api.errors import ApiError, bad_request
from django_polyimages.conf import get_settings
from django_polyimages.pixels.inspection import check_number_of_files

_Model = TypeVar("_Model", bound=BaseModel)


def read_json(request: HttpRequest, model: type[_Model]) -> _Model:
    """The JSON body as ``model``, or 400 that says which field is invalid and why."""
    if request.content_type != "application/json":
        raise bad_request(_("Send the body as application/json."), "wrong_content_type")
    body = _body_of(request)
    if len(body) > MAX_JSON:
        raise bad_request(too_large(len(body), MAX_JSON), "body_too_large")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from error


def has_body(request: HttpRequest) -> bool:
    """Whether the request has a body, or may have one whose length was not announced."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return announced != "0" or "HTTP_TRANSFER_ENCODING" in request.META


def read_query(request: HttpRequest, model: type[_Model]) -> _Model:
    """The query string as ``model``, or 400."""
    return _read_texts(request.GET, model)


def read_form(request: HttpRequest, model: type[_Model]) -> _Model:
    """The fields of a form, except its files, as ``model``, or 400."""
    return _read_texts(request.POST, model)


def read_files(request: HttpRequest, name: str, *, at_most: int) -> list[UploadedFile[bytes]]:
    """The files in the form field ``name``; 400 if there is none, 503 if they cannot be kept."""
    if request.content_type != "multipart/form-data":
        raise bad_request(_("Send the body as multipart/form-data."), "wrong_content_type")
    load_form(request)
    if set(request.FILES) - {name}:
        detail = _("Unknown file field; use “%(name)s”.") % {"name": name}
        raise bad_request(detail, "invalid_fields")
    files: Sequence[UploadedFile[bytes]] = request.FILES.getlist(name)
    if not files:
        detail = _("Send a file in the field “%(name)s”.") % {"name": name}
        raise bad_request(detail, "missing_file")
    check_number_of_files(len(files), at_most=at_most)
    return list(files)


def check_ids(ids: Sequence[int | str]) -> list[int | str]:
    """The ids without duplicates; 400 for more than ``MAX_IDS``."""
    limit = get_settings().max_ids
    if len(ids) > limit:
        message = _("Too many IDs: %(count)d; the maximum is %(limit)d.")
        raise bad_request(message % {"count": len(ids), "limit": limit}, "too_many_ids")
    return list(dict.fromkeys(ids))


def _body_of(request: HttpRequest) -> bytes:
    """The body; of one whose length was not announced, no more than it takes to be too large.

    ASGI servers pass on such a body, of any size, and Django would read all of it into memory.
    """
    announced = request.META.get("CONTENT_LENGTH")
    if announced and "HTTP_TRANSFER_ENCODING" not in request.META:
        return request.body
    return request.read(MAX_JSON + 1)


def _read_texts(texts: Mapping[str, Any], model: type[_Model]) -> _Model:
    try:
        # The CSRF check reads its token from this field if there is no header.
        fields = {name: text for name, text in texts.items() if name != "csrfmiddlewaretoken"}
        return model.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> ApiError:
    """A 400 with the first five errors, such as ``"order: Input should be a valid integer"``."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    problems = []
    for problem in found:
        place = ".".join(str(part) for part in problem["loc"])
        problems.append(f"{place}: {problem['msg']}" if place else problem["msg"])
    is_json = all(problem["type"] != "json_invalid" for problem in found)
    detail = "; ".join(dict.fromkeys(problems))
    return bad_request(detail, "invalid_fields" if is_json else "invalid_json")
