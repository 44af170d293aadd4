"""``manage.py demo``: prepares a database with users and pictures, and starts the site."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import BaseCommand, CommandError, call_command
from django.db import models
from django.test import Client

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import get_image_model
from gallery import samples
from organizations.models import Membership, Organization

API = "/api/v1/images/orgs/north"
PEOPLE = {"demo": Membership.Role.EDITOR, "viewer": Membership.Role.VIEWER}


class Command(BaseCommand):
    help = "Prepares and starts the demo. Users: demo/demo (editor), viewer/viewer (read-only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-server", action="store_true", help="prepare everything and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_server"]:
            check_port(options["port"])
        self.tell("Preparing the database ...")
        call_command("migrate", verbosity=0)
        if options["no_server"]:
            self.prepare(options["port"])
            return
        for other in (signal.SIGTERM, signal.SIGHUP):  # end like Ctrl+C does, with the worker
            signal.signal(other, lambda *_: sys.exit())
        with worker():
            self.prepare(options["port"])
            address = f"127.0.0.1:{options['port']}"
            call_command("runserver", address, use_reloader=False, skip_checks=True)

    def prepare(self, port: int) -> None:
        """Everything that the site shows."""
        organization = prepare_people()
        images = get_image_model().objects
        if images.filter(organization=organization).exists():
            self.tell("The pictures of the demo already exist.")
            images.filter(status="pending").enqueue()  # as the last worker has left them
        else:
            self.tell("Drawing and uploading eight pictures of 9 to 12 MP, in about a minute:")
            for number, title in enumerate(upload_pictures(organization), 1):
                self.tell(f"  {number} of 8: {title}")
        self.show(f"http://127.0.0.1:{port}")

    def tell(self, text: str) -> None:
        """At once, even where the output is a pipe."""
        self.stdout.write(text)
        self.stdout.flush()

    def show(self, root: str) -> None:
        images = get_image_model().objects.count()
        self.tell(
            f"\n{images} images are in the storage.\n\n"
            f"  Gallery    {root}/\n"
            f"  Admin      {root}/admin/\n"
            f"  API docs   {root}/api/v1/docs\n"
            f"  The API    {root}{API}/images/\n\n"
            f"Log in at {root}/login/ as demo / demo (editor, admin) or viewer / viewer "
            "(read-only).\nPress Ctrl+C to stop.\n"
        )


@contextmanager
def worker() -> Iterator[None]:
    """A worker of the task engine, if the demo has one, beside the site."""
    command = settings.ENGINE.worker
    if not command:
        yield
        return
    # Ctrl+C in the terminal is for the site, which tells the worker once.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, *command], cwd=settings.BASE_DIR, start_new_session=True
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def check_port(port: int) -> None:
    """Raises ``CommandError`` if the server could not listen, before anything else is done."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise CommandError(
            f"Port {port} cannot be used ({error.strerror}). Choose another: make demo PORT=8001"
        ) from error


def prepare_people() -> Organization:
    organization, _ = Organization.objects.get_or_create(slug="north", defaults={"name": "North"})
    Organization.objects.get_or_create(slug="south", defaults={"name": "South"})
    for name, role in PEOPLE.items():
        user, created = User.objects.get_or_create(username=name)
        if created:
            user.is_staff = user.is_superuser = role == Membership.Role.EDITOR
            user.set_password(name)
            user.save()
        Membership.objects.get_or_create(user=user, organization=organization, role=role)
    return organization


def upload_pictures(organization: Organization) -> Iterator[str]:
    """Upload and attach the pictures; yields their titles."""
    mara, _ = Contact.objects.get_or_create(organization=organization, name="Mara Lind, guide")
    otto, _ = Contact.objects.get_or_create(organization=organization, name="Otto Reiner, pilot")
    blue, _ = Product.objects.get_or_create(organization=organization, name="Vase, sea blue")
    red, _ = Product.objects.get_or_create(organization=organization, name="Vase, brick red")
    lamp, _ = Product.objects.get_or_create(organization=organization, name="Desk lamp")
    scene, tall = samples.landscape, (samples.PHONE[1], samples.PHONE[0])
    api = Api()
    for title, name, content, objects in (
        ("Dawn above the pass", "dawn.jpg", samples.as_jpeg(scene(samples.DAWN, 1)), [mara]),
        ("Noon", "noon.jpg", samples.as_jpeg(scene(samples.NOON, 2)), [mara, otto]),
        (
            "Dusk, held upright",
            "dusk.jpg",
            samples.as_jpeg(scene(samples.DUSK, 3, tall), held_upright=True),
            [mara],
        ),
        ("Mist", "mist.jpg", samples.as_jpeg(scene(samples.MIST, 4)), [otto]),
        ("Desert", "desert.jpg", samples.as_jpeg(scene(samples.DESERT, 5)), [otto]),
        (
            "Vase, sea blue",
            "blue.jpg",
            samples.as_jpeg(samples.vase((40, 110, 140), (214, 206, 196), 1)),
            [blue],
        ),
        (
            "Vase, brick red",
            "red.jpg",
            samples.as_jpeg(samples.vase((170, 60, 50), (190, 200, 205), 2)),
            [red],
        ),
        ("Lamp, cut out", "lamp.png", samples.as_png(samples.lamp()), [lamp, blue]),
    ):
        image_id = api.upload(name, content, title=title, alt_text=title)
        for obj in objects:
            api.attach(image_id, obj, is_cover=obj is objects[0])
        yield title


class Api:
    """Calls the HTTP API like a browser does: with a session and the CSRF token."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
        self.client.get("/admin/login/")
        token = {"csrfmiddlewaretoken": self.token}
        self.client.post("/admin/login/", {"username": "demo", "password": "demo"} | token)

    @property
    def token(self) -> str:
        return self.client.cookies["csrftoken"].value

    def upload(self, name: str, content: bytes, **texts: str) -> int:
        file = SimpleUploadedFile(name, content)
        answer = self._post("images/", {"file": file, **texts})
        return int(answer["id"])

    def attach(self, image_id: int, obj: models.Model, **options: Any) -> None:
        target = {
            "image_id": image_id,
            "app_label": obj._meta.app_label,
            "model": obj._meta.model_name,
            "object_id": str(obj.pk),
        }
        self._post("attach/", target | options, content_type="application/json")

    def _post(self, path: str, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        headers = {"X-CSRFToken": self.token}
        response = self.client.post(f"{API}/{path}", data, headers=headers, **options)
        if response.status_code != 200:
            raise CommandError(f"{path} answered {response.status_code}: {response.content!r}")
        answer: dict[str, Any] = response.json()
        return answer
