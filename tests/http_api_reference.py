"""Writes the reference part of docs/http-api.md from calls of the running API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from django.db.models import PROTECT, Model
from django.http import HttpResponse
from django.test import Client

from config.api import api
from django_polyimages.models import PendingUpload, PolymorphicImageRelation
from tests.api.calls import four, target
from tests.drawing import photo, upload_of

PREFIX = "/api/v1/images/"
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass
class World:
    """What the examples are about: an image attached to a contact, a loose one, and a member."""

    client: Client
    image: Model
    loose: Model
    contact: Model
    upload: PendingUpload


@dataclass(frozen=True)
class Example:
    """One call, as a person would send it, and how each of its errors comes about."""

    operation: str
    method: str
    path: Callable[[World], str]
    body: Callable[[World], dict[str, Any]] | None = None
    files: dict[str, int] = field(default_factory=dict)
    """Name of the file field to number of files, for a form."""
    query: str = ""
    wrong: dict[str, Callable[[World], Any]] = field(default_factory=dict)
    """What is wrong to the body (or, for a form, the file) that shows it."""
    missing: Callable[[World], str] | None = None
    """A path to something that does not exist."""


def _unknown(path: str) -> Callable[[World], str]:
    return lambda world: path


EXAMPLES = [
    Example(
        "upload", "POST", _unknown("orgs/acme/images/"), files={"file": 1},
        wrong={
            "not an image": lambda w: upload_of(b"text", "photo.png"),
            "damaged": lambda w: upload_of(photo()[:-500]),
            "empty": lambda w: upload_of(b""),
        },
    ),
    Example(
        "bulk_upload", "POST", _unknown("orgs/acme/bulk-upload/"), files={"files": 2},
        wrong={"no file in the field": lambda w: None},
    ),
    Example(
        "begin_upload", "POST", _unknown("orgs/acme/uploads/"),
        lambda w: {"name": "door.jpg", "size": 56789, "type": "image/jpeg"},
        wrong={"an empty file": lambda w: {"name": "door.jpg", "size": 0},
               "a type that no image may have": lambda w: {
                   "name": "door.svg", "size": 9, "type": "image/svg+xml"},
               "a field is missing": lambda w: {"name": "door.jpg"}},
    ),
    Example(
        "complete_upload", "POST", lambda w: f"orgs/acme/uploads/{w.upload.pk}/complete/",
        lambda w: {"title": "Front door"},
        missing=_unknown(f"orgs/acme/uploads/{NOBODY}/complete/"),
    ),
    Example(
        "cancel_upload", "DELETE", lambda w: f"orgs/acme/uploads/{w.upload.pk}/",
        missing=_unknown(f"orgs/acme/uploads/{NOBODY}/"),
    ),
    Example(
        "list_images", "GET", _unknown("orgs/acme/images/"), query="?limit=1&unattached=true",
        wrong={"a wrong value": lambda w: "?limit=1000", "an old cursor": lambda w: "?cursor=x"},
    ),
    Example(
        "get_image", "GET", lambda w: f"orgs/acme/images/{w.image.pk}/",
        missing=_unknown("orgs/acme/images/999/"),
    ),
    Example(
        "get_original", "GET", lambda w: f"orgs/acme/images/{w.image.pk}/original/",
        missing=_unknown("orgs/acme/images/999/original/"),
    ),
    Example(
        "update_image", "PATCH", lambda w: f"orgs/acme/images/{w.image.pk}/",
        lambda w: {"title": "Front door", "alt_text": None},
        wrong={"a field that cannot be changed": lambda w: {"file": "x.jpg"},
               "too long": lambda w: {"title": "x" * 256}},
        missing=_unknown("orgs/acme/images/999/"),
    ),
    Example(
        "attach", "POST", _unknown("orgs/acme/attach/"),
        lambda w: four(w.image, w.contact, is_cover=True, custom_alt_text="The door of No. 7"),
        wrong={"a field is missing": lambda w: {"image_id": 1},
               "not JSON": lambda w: "{"},
    ),
    Example("detach", "POST", _unknown("orgs/acme/detach/"), lambda w: four(w.loose, w.contact)),
    Example(
        "list_relations", "GET", lambda w: f"orgs/acme/{target(w.contact)}",
        missing=_unknown("orgs/acme/images/contacts/contact/999/"),
    ),
    Example(
        "bulk_attach", "POST", lambda w: f"orgs/acme/{target(w.contact)}bulk_attach/",
        lambda w: {"image_ids": [w.image.pk, w.loose.pk]},
        wrong={"no ids": lambda w: {"image_ids": []},
               "too many": lambda w: {"image_ids": list(range(1001))}},
    ),
    Example(
        "reorder", "POST", lambda w: f"orgs/acme/{target(w.contact)}reorder/",
        lambda w: {"image_ids": [w.loose.pk, w.image.pk]},
    ),
    Example(
        "update_relation", "PATCH",
        lambda w: f"orgs/acme/{target(w.contact)}{w.image.pk}/",
        lambda w: {"custom_title": "Entrance", "order": 5},
        wrong={"a wrong value": lambda w: {"order": -1}},
    ),
    Example(
        "bulk_detach", "POST", lambda w: f"orgs/acme/{target(w.contact)}bulk_detach/",
        lambda w: {"image_ids": [w.loose.pk, 999]},
    ),
    Example(
        "delete_image", "DELETE", lambda w: f"orgs/acme/images/{w.image.pk}/",
        missing=_unknown("orgs/acme/images/999/"),
    ),
    Example(
        "bulk_delete", "POST", _unknown("orgs/acme/bulk-delete/"),
        lambda w: {"ids": [w.loose.pk, 999]},
        wrong={"no ids": lambda w: {"ids": []}},
    ),
]  # fmt: skip


def reference(world: World) -> str:
    """The whole part, as Markdown."""
    return "\n".join(line for example in EXAMPLES for line in _section(example, world))


def _section(example: Example, world: World) -> Iterator[str]:
    template, operation = _documented(example.operation)
    yield f"### {example.method} `{template}`\n"
    yield f"{operation['description']}\n"
    yield from _fields(operation)
    yield f"```console\n{_normal(_curl(example, world))}\n```\n"
    errors = list(_errors(example, world))  # before the call itself, which may delete
    answer = _send(world.client, example, world)
    if answer.streaming:
        yield f"Answers {answer.status_code}, with the file.\n"
    else:
        yield f"Answers {answer.status_code}" + (":\n" if answer.content else ", without a body.\n")
    if not answer.streaming and answer.content:
        yield f"```json\n{_normal(json.dumps(answer.json(), indent=2))}\n```\n"
    yield "| error | when | `code` | `detail` |\n|---|---|---|---|"
    for when, response in errors:
        body = response.json()
        code, detail = body["code"], _normal(body["detail"])
        yield f"| {response.status_code} | {when} | `{code}` | {detail} |"
    yield ""


def _documented(operation_id: str) -> tuple[str, dict[str, Any]]:
    for path, operations in api.get_openapi_schema(path_prefix="")["paths"].items():
        for operation in operations.values():
            if operation["operationId"] == f"images_{operation_id}":
                return path.removeprefix("/images/"), operation
    raise LookupError(operation_id)


def _fields(operation: dict[str, Any]) -> Iterator[str]:
    queries = [one for one in operation.get("parameters", []) if one["in"] == "query"]
    contents = operation.get("requestBody", {}).get("content", {})
    properties = {one["name"]: one["schema"] for one in queries}
    kind, required = "query", []
    for kind, content in contents.items():  # noqa: B007
        properties, required = (
            content["schema"]["properties"],
            content["schema"].get("required", []),
        )
    if properties:
        yield f"| {kind} | |\n|---|---|"
        for name, schema in properties.items():
            must = ", required" if name in required else ""
            words = schema.get("description", "")
            yield f"| `{name}` | {_type(schema)}{must}{'. ' + words if words else ''} |"
        yield ""


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("format") == "binary":
        return "file"
    limits = [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    if "minimum" in schema and "maximum" in schema:
        limits.append(f"{schema['minimum']} to {schema['maximum']}")
    return schema["type"] + (f" ({', '.join(limits)})" if limits else "")


def _curl(example: Example, world: World) -> str:
    words = ["$ curl"]
    if example.method not in ("GET", "POST"):
        words.append(f"-X {example.method}")
    for name, count in example.files.items():
        words += [f"-F {name}=@{photo_name}" for photo_name in ("door.jpg", "gate.jpg")[:count]]
    if example.body:
        body = json.dumps(example.body(world), ensure_ascii=False)
        words.append(f"-H 'Content-Type: application/json' \\\n    -d '{body}'")
    url = f"https://example.com{PREFIX}{example.path(world)}{example.query}"
    return " ".join([*words, f"'{url}'" if "?" in url else url])


def _send(
    client: Client, example: Example, world: World, wrong: Any = ..., path: str = ""
) -> HttpResponse:
    url = PREFIX + (path or example.path(world))
    if example.method == "GET":
        return client.get(url + (example.query if wrong is ... else wrong))
    if example.files:
        [(name, count)] = example.files.items()
        files = [upload_of(photo(), "door.jpg"), upload_of(b"text", "gate.jpg")][:count]
        sent = (files if count > 1 else files[0]) if wrong is ... else wrong
        return client.post(url, {} if sent is None else {name: sent})
    body = (example.body(world) if example.body else None) if wrong is ... else wrong
    return getattr(client, example.method.lower())(url, body, content_type="application/json")


def _errors(example: Example, world: World) -> Iterator[tuple[str, HttpResponse]]:
    for when, wrong in example.wrong.items():
        yield when, _send(world.client, example, world, wrong(world))
    if example.missing:
        yield "not found", _send(world.client, example, world, path=example.missing(world))
    if (
        "image_id" in str(example.body and example.body(world))
        and example.operation != "bulk_detach"
    ):
        body = json.loads(json.dumps(example.body(world)))
        body |= {"image_id": 999} if "image_id" in body else {"image_ids": [999]}
        yield "image not found", _send(world.client, example, world, body)
    unknown = example.path(world).replace("orgs/acme", "orgs/nowhere")
    yield "organization not found", _send(world.client, example, world, path=unknown)
    yield "not logged in", _send(Client(), example, world)
    for name in ("stranger", "viewer"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        response = _send(client, example, world)
        if response.status_code == 403:
            when = {"stranger": "not a member", "viewer": "the policy does not allow it"}[name]
            yield when, response
    if example.operation == "delete_image":
        foreign_key = PolymorphicImageRelation._meta.get_field("image").remote_field
        with mock.patch.object(foreign_key, "on_delete", PROTECT):
            yield (
                "objects protect it, here one that it is attached to",
                _send(world.client, example, world),
            )
    if example.operation == "complete_upload":
        upload = PendingUpload.objects.begin(
            name="a.jpg", byte_size=1, organization=world.contact.organization
        )
        path = example.path(world).replace(str(world.upload.pk), str(upload.pk))
        yield "the file has not arrived", _send(world.client, example, world, path=path)
        upload.state = upload.State.USED
        upload.save()
        yield "an image was made of it", _send(world.client, example, world, path=path)
    if example.operation == "upload":
        with mock.patch.object(InMemoryStorage, "_save", side_effect=ConnectionResetError):
            yield "the storage is down", _send(world.client, example, world)


def _normal(text: str) -> str:
    """The same words in every run: no random keys, no times, no sizes that a codec decides."""
    text = re.sub(r"img_[0-9a-f]{32}", "img_3f9c2b…", text)
    text = re.sub(r'"next": "[^"]+"', '"next": "WyIyMDI2…"', text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f-]{17}", "6f1c…", text)
    text = re.sub(r"base64,[\w+/=]+", "base64,UklGR…", text)
    text = re.sub(r"token=[\w:-]+", "token=IjZmMWMtN…", text)
    text = re.sub(r'"bytes": \d+', '"bytes": 1234', text)
    text = re.sub(r'"byte_size": \d+', '"byte_size": 56789', text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-11-22T16:00:00.000Z", text)
