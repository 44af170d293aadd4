"""Whether an answer of the API is what its endpoint declares, no more and no less.

Ninja does not check that: the endpoints build what they declare, and each call of ``calls`` is
checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from pydantic import TypeAdapter

from django_polyimages.api.endpoints import Endpoint, endpoints

MOUNTED = "/api/v1/images/"
PARAMETER = re.compile(r"\\\{(\w+:)?\w+\\\}")
"""In a path whose special characters are escaped."""


def checked(response: HttpResponse) -> HttpResponse:
    """``response`` of Django's test client. Raises an error if it is a success of another form."""
    asked = response.request
    endpoint = endpoint_of(asked["REQUEST_METHOD"], asked["PATH_INFO"])
    if response.status_code == 200 and endpoint and endpoint.answer:
        check(response.content, endpoint.answer)
    return response


def check(content: bytes, declared: Any) -> None:
    """Raises pydantic's ``ValidationError`` for what is missing or cannot be read, and
    ``AssertionError`` for what is not declared or has another type.
    """
    adapter = TypeAdapter(declared)
    told = json.loads(content)
    expected = adapter.dump_python(adapter.validate_python(told), mode="json")
    assert fields_of(told) == fields_of(expected)


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The first that matches, as in the router."""
    for endpoint in endpoints():
        pattern = PARAMETER.sub(lambda one: ".+" if one[1] else "[^/]+", re.escape(endpoint.path))
        if endpoint.method == method and re.fullmatch(MOUNTED + pattern, path):
            return endpoint
    return None


def fields_of(value: Any, place: str = "") -> dict[str, Any]:
    """The type and value of each field by its place, such as ``items.0.versions.sm.url``."""
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        value = len(value)
    elif isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)  # which may be written with or without zeros
    found = {place: (type(value), value)}
    for name, part in parts:
        found |= fields_of(part, f"{place}.{name}")
    return found
