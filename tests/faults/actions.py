"""What the children do: the actions of the campaign, with the package as a host uses it.

An action is given its order and returns what its caller is told. A new command is one more line in
``COMMANDS`` here, and one in ``KINDS`` that says how often it is killed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command, get_commands
from django.db import connection, transaction
from django.test import Client

from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.pipeline.rollback import wait_for_removals
from organizations.models import Organization
from tests.faults.children import Order, Pipe
from tests.faults.pictures import picture
from tests.faults.points import Watch, install

Answer = dict[str, Any]
ROOT = "/api/v1/images/orgs/acme"


def serve(pipe: Pipe) -> None:
    """Open the connections, say so, and carry out orders until there is nobody to give them."""

    def wait() -> None:
        pipe.send({"held": True})
        pipe.receive()

    watch = Watch(wait)
    install(watch)
    connection.ensure_connection()
    storage.connect()
    storage.get_storage().exists("images/none")
    pipe.send({"ready": True})
    while order := pipe.receive():
        watch.kill_at, watch.hold_at = order.get("kill_at", ""), order.get("hold_at", "")
        try:
            answer = ACTIONS[order["action"]](order)
            with watch.effect("answer"):
                pipe.send({"answer": answer})
        except Exception as error:  # noqa: BLE001 (an answer too, and no end of the child)
            pipe.send({"answer": {"error": repr(error)}})
        is_done = wait_for_removals(100)
        pipe.send({"done": is_done, "points": watch.passed})


def _browser(order: Order) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = order["session"]
    return client


def _files(order: Order) -> list[bytes]:
    return [picture(order["seed"] + number) for number in range(order["files"])]


def _upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", content, "image/jpeg")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def upload(order: Order) -> Answer:
    [content] = _files(order)
    response = _browser(order).post(f"{ROOT}/images/", {"file": _upload(content)})
    if response.status_code != 200:
        return {"error": f"{response.status_code} {response.content!r}"}
    return {"uploaded": {str(response.json()["id"]): _sha256(content)}}


def bulk_upload(order: Order) -> Answer:
    files = _files(order)
    response = _browser(order).post(
        f"{ROOT}/bulk-upload/", {"files": [_upload(one) for one in files]}
    )
    if response.status_code != 200:
        return {"error": f"{response.status_code} {response.content!r}"}
    results = list(zip(response.json(), files, strict=True))
    done = {str(one["id"]): _sha256(file) for one, file in results if one["status"] == "success"}
    return {"uploaded": done} | ({} if len(done) == len(files) else {"error": str(results)})


class _Regret(Exception):
    pass


def rolled_back_upload(order: Order) -> Answer:
    [content] = _files(order)
    with suppress(_Regret), transaction.atomic():
        Image.objects.upload(
            io.BytesIO(content), organization=Organization.objects.get(slug="acme")
        )
        raise _Regret
    return {}


def regenerate(order: Order) -> Answer:
    for image in Image.objects.filter(pk__in=order["images"]):
        with suppress(Image.DoesNotExist):
            Image.objects.regenerate(image, everything=True)
    return {}


def set_focal_point(order: Order) -> Answer:
    for image in Image.objects.filter(pk__in=order["images"]):
        Image.objects.set_focal_point(image, *order["point"])
    return {}


def delete(order: Order) -> Answer:
    [image] = order["images"]
    response = _browser(order).delete(f"{ROOT}/images/{image}/")
    return _deleted(order, response)


def bulk_delete(order: Order) -> Answer:
    ids = {"ids": [int(image) for image in order["images"]]}
    response = _browser(order).post(f"{ROOT}/bulk-delete/", ids, "application/json")
    return _deleted(order, response)


def _deleted(order: Order, response: Any) -> Answer:
    if response.status_code != 204:
        return {"error": f"{response.status_code} {response.content!r}"}
    return {"deleted": order["images"]}


def command(name: str, **options: Any) -> Callable[[Order], Answer]:
    """An action that runs a management command. That something is left is no error here."""

    def run(order: Order) -> Answer:
        printed = io.StringIO()
        with suppress(CommandError):
            call_command(name, stdout=printed, **options | order.get("options", {}))
        return {"printed": printed.getvalue()}

    return run


def repair(order: Order) -> Answer:
    """Everything that an operator does after a crash."""
    for name in REPAIRS:
        ACTIONS[name](order)
    failed = Image.objects.filter(status=Image.Status.FAILED).values_list("pk", flat=True)
    return regenerate({"images": list(failed)})


ACTIONS: dict[str, Callable[[Order], Answer]] = {
    "upload": upload,
    "bulk upload": bulk_upload,
    "rolled back upload": rolled_back_upload,
    "regenerate": regenerate,
    "set_focal_point": set_focal_point,
    "delete": delete,
    "bulk delete": bulk_delete,
    "repair": repair,
}
COMMANDS: dict[str, dict[str, Any]] = {
    "deletions": {"all": True},
    "generate": {"grace": 0},
    "audit": {"fix": True, "grace": 0},
    "maintain": {"grace": 0},
}
"""The commands for operators and their options."""
ACTIONS |= {
    name: command(f"polyimages_{name}", **options)
    for name, options in COMMANDS.items()
    if f"polyimages_{name}" in get_commands()
}
REPAIRS = [name for name in ("deletions", "generate", "audit") if name in ACTIONS]
