"""Compares how long an upload takes with ``GENERATE`` "inline" and "task", through a real server.

    .ci/database postgres .venv/bin/python benchmarks/upload_latency.py [FOLDER] > benchmarks/results/upload_latency.md

Two servers of the example, one for each setting, use the same PostgreSQL and storage: the local
disk, then S3 (SeaweedFS, in processes of its own). A worker of the database backend runs. An upload
is one HTTP request from this process. The two settings take turns, in random order, and the next
upload begins when the versions of the last one are there, so that nothing else uses the cores.
``FOLDER`` may hold photographs; without it, all pictures are drawn. The environment variable
``RUNS`` is the number of uploads for each figure.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from example import PROJECT, others, server_version  # must come first: it sets up Django

from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.core.files.uploadedfile import SimpleUploadedFile

from django_polyimages.models import Image
from organizations.models import Membership, Organization
from photos import FLAT, photos
from tests import seaweedfs
from tests.engines.site import Site

RUNS = int(os.environ.get("RUNS", "30"))
MODES = {"inline": "", "task": "database"}
"""The values of ``GENERATE``, and the engine of the example that has them."""
TOKEN = "t" * 32


@dataclass(frozen=True, slots=True)
class Upload:
    milliseconds: float
    """Until the answer was there."""
    ready: float
    """Until all versions were there."""


@contextmanager
def server(site: Site) -> Iterator[int]:
    """The port of a server that handles one request at a time."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["manage.py", "runserver", "--noreload", "--nothreading", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT / "example_project",
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def log_in() -> dict[str, str]:
    """The headers of a member."""
    acme, _new = Organization.objects.get_or_create(name="Acme", slug="acme")
    user, is_new = User.objects.get_or_create(username="editor")
    if is_new:
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, organization=acme, role="editor")
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    cookies = f"sessionid={session.session_key}; csrftoken={TOKEN}"
    return {"Cookie": cookies, "X-CSRFToken": TOKEN, "Content-Type": MULTIPART_CONTENT}


def upload(port: int, mode: str, content: bytes, headers: dict[str, str]) -> Upload:
    """Upload, check the answer, and wait until all versions are there."""
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("photo.jpg", content)})
    begun = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("POST", "/api/v1/images/orgs/acme/images/", body, headers)
    response = client.getresponse()
    text = response.read()
    milliseconds = (time.perf_counter() - begun) * 1000
    client.close()
    assert response.status == 200, text
    answer = json.loads(text)
    assert "thumb" in answer["versions"], answer
    assert answer["placeholder"].startswith("data:"), answer
    assert answer["status"] == ("ready" if mode == "inline" else "pending"), answer
    while (image := Image.objects.get(pk=answer["id"])).status == "pending":
        time.sleep(0.01)
    ready = (time.perf_counter() - begun) * 1000
    assert (image.status, set(image.versions)) == ("ready", {"thumb", "sm", "md", "lg"})
    return Upload(milliseconds, ready)


def compare(ports: dict[str, int], content: bytes) -> dict[str, list[Upload]]:
    headers = log_in()
    runs: dict[str, list[Upload]] = {mode: [] for mode in ports}
    for number in range(RUNS + 2):
        for mode in random.sample(list(ports), len(ports)):
            one = upload(ports[mode], mode, content, headers)
            if number >= 2:  # the first rounds warm up
                runs[mode].append(one)
    return runs


def measure(storage: str, pictures: dict[str, bytes], **environment: str) -> Iterator[str]:
    """Print a row for each picture; yields all times."""
    own = {"DATABASE_URL": os.environ["DATABASE_URL"], "UPLOAD_RATE": "100000/m", "DEBUG": "0"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sites = {
            mode: Site.create(engine, folder, **own, **environment)
            for mode, engine in MODES.items()
        }
        ports = {mode: stack.enter_context(server(site)) for mode, site in sites.items()}
        stack.enter_context(sites["task"].worker())
        for name, content in pictures.items():
            runs = compare(ports, content)
            inline, task = (
                statistics.median(one.milliseconds for one in runs[mode]) for mode in MODES
            )
            ready = statistics.median(one.ready for one in runs["task"])
            figures = f"{inline:.0f} ms | {task:.0f} ms | {task / inline:.2f} | {ready:.0f} ms"
            print(f"| {name} | {storage} | {figures} |", flush=True)
            for mode, some in runs.items():
                times = " ".join(f"{one.milliseconds:.0f}" for one in some)
                yield f"{name}, {storage}, {mode}: {times}"


def s3(server: seaweedfs.Server) -> dict[str, str]:
    seaweedfs.client(server.http).create_bucket(Bucket="media")
    return {
        "POLYIMAGES_S3_BUCKET": "media",
        "POLYIMAGES_S3_ENDPOINT": server.http,
        "POLYIMAGES_S3_ACCESS_KEY": seaweedfs.ACCESS_KEY,
        "POLYIMAGES_S3_SECRET_KEY": seaweedfs.SECRET_KEY,
    }


def main(folder: str = "") -> None:
    pictures = photos(folder)
    print(f"Medians of {RUNS} uploads each, in turns; {server_version()}, {others()}.\n")
    print("| 12 megapixels | storage | inline | task | ratio | all versions after |")
    print("|---|---|---|---|---|---|", flush=True)
    times = [*measure("disk", pictures)]
    with (
        tempfile.TemporaryDirectory() as folder,
        seaweedfs.running(Path(folder)) as server,
    ):
        real = {name: content for name, content in pictures.items() if name != FLAT}
        times += measure("S3", real, **s3(server))
    print("\nAll times in milliseconds:\n\n```text\n" + "\n".join(times) + "\n```")


if __name__ == "__main__":
    assert connection.vendor == "postgresql"
    main(*sys.argv[1:])
