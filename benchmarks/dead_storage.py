"""How long an upload and the deletions of 1 and 20 images take while the storage is dead.

python benchmarks/dead_storage.py [black_hole|reset|slow] [recommended|defaults]

``slow`` answers each request after 15 seconds. ``defaults`` are those of django-storages.
"""

from __future__ import annotations

import os
import sys
import tempfile

folder = tempfile.TemporaryDirectory()  # threads have connections of their own
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DATABASE_URL"] = f"sqlite:///{folder.name}/db.sqlite3"

import example  # noqa: F401 (sets Django up)

import atexit
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from django_polyimages import StorageUnavailable
from django_polyimages.models import FileDeletion, Image
from django_polyimages.storage.s3 import s3_storage
from organizations.models import Organization
from tests.builders import uploaded

SLOW = 15
ANSWER = b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'


def answer(connection: socket.socket, state: str) -> None:
    with suppress(OSError):  # the client has given up
        answer_or_not(connection, state)


def answer_or_not(connection: socket.socket, state: str) -> None:
    if state == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        return
    if state == "slow":
        time.sleep(SLOW)
        connection.recv(1 << 24)
        connection.sendall(ANSWER)
        connection.shutdown(socket.SHUT_WR)
    while connection.recv(1 << 20):
        pass


def serve(state: str) -> str:
    server = socket.create_server(("127.0.0.1", 0), backlog=100)

    def accept() -> None:
        while True:
            connection = server.accept()[0]
            threading.Thread(target=answer, args=(connection, state), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def storage_at(url: str, options: str) -> dict:
    keys = {"access_key": "k", "secret_key": "s", "endpoint_url": url}
    if options == "recommended":
        return s3_storage("b", **keys)
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "b", **keys}}


def timed(name: str, work: Callable[[], object]) -> None:
    begun, outcome = time.monotonic(), "done"
    try:
        work()
    except StorageUnavailable as error:
        outcome = error.problem
    print(f"{name:20} {time.monotonic() - begun:6.1f} s  {outcome}", flush=True)


def main(state: str, options: str) -> None:
    logging.disable()
    call_command("migrate", verbosity=0)
    acme = Organization.objects.create(name="Acme", slug="acme")
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    with override_settings(STORAGES=settings.STORAGES | {"polyimages": memory}):
        images = [uploaded(acme) for _ in range(22)]
    dead = storage_at(serve(state), options)
    with override_settings(STORAGES=settings.STORAGES | {"polyimages": dead}):
        print(state, options, flush=True)
        timed("upload", lambda: uploaded(acme))
        timed("delete 1", images[0].delete)
        timed("regenerate", lambda: Image.objects.regenerate(images[1], everything=True))
        timed("delete 20", lambda: Image.objects.filter(pk__in=[i.pk for i in images[2:]]).delete())
        print(f"recorded deletions: {FileDeletion.objects.count()}", flush=True)
        begun = time.monotonic()
    atexit.register(lambda: print(f"exit {time.monotonic() - begun:.1f} s", flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
