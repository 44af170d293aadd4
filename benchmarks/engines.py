"""Compares uploads with and without a task engine: how long they take, and how many there can be.

    .ci/database postgres .venv/bin/python benchmarks/engines.py > benchmarks/results/engines.md

The example runs on PostgreSQL and the local disk, with its workers in processes of their own, as
`make demo-worker` and `make demo-celery` start them. An upload is a request to the API, without
network, of a 12-megapixel JPEG that `gallery/samples.py` draws. `latency` is the median time of
uploads, one after another, while no worker is at work; `ready` is how long all versions then took.
`uploads/s` is what one process accepts, and `images/s` is how many images were finished per second,
from the first upload to the last version. Needs redis-server.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from example import PROJECT, server_version  # must come first: it sets up Django

from django.conf import settings

sys.path.insert(0, str(PROJECT))
from tests.engines.site import Site

COUNT = 40
CASES = [
    ("", 0),
    ("database", 1),
    ("database", 2),
    ("rq", 1),
    ("rq", 2),
    ("celery", 1),
    ("celery", 2),
]
UPLOADS = """
import json, sys, time
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client
from django.core.files.uploadedfile import SimpleUploadedFile
from gallery import samples
from organizations.models import Membership, Organization

organization, _ = Organization.objects.get_or_create(name="Acme", slug="acme")
user, _ = User.objects.get_or_create(username="bench")
Membership.objects.get_or_create(user=user, organization=organization, role="editor")
client = Client()
client.force_login(user)
content = samples.as_jpeg(samples.landscape(samples.DAWN, 1))
times = []
for number in range(int(sys.argv[1]) + 1):
    begun = time.perf_counter()
    answer = client.post("/api/v1/images/orgs/acme/images/", {"file": SimpleUploadedFile(f"{number}.jpg", content)})
    times.append(time.perf_counter() - begun)
    assert answer.status_code == 200, answer.content
print(json.dumps(times[1:]))
"""


@dataclass(frozen=True, slots=True)
class Result:
    engine: str
    workers: int
    latency: float
    uploads: float
    images: float


def measure(engine: str, workers: int, redis: str) -> Result:
    import json

    folder = Path(tempfile.mkdtemp())
    url = new_database(f"bench_{engine or 'inline'}_{workers}")
    site = Site.create(
        engine, folder, DATABASE_URL=url, REDIS_URL=redis, UPLOAD_RATE="100000/m", DEBUG="0"
    )
    script = folder / "uploads.py"
    script.write_text(UPLOADS)
    # Without workers, so that the two do not share the cores: the time of the request alone.
    alone = json.loads(run(site, script, 10))
    with ExitStack() as stack:
        for _number in range(workers):
            stack.enter_context(site.worker())
        wait(site)
        begun = time.monotonic()
        together = json.loads(run(site, script, COUNT))
        wait(site)
        seconds = time.monotonic() - begun
    shutil.rmtree(folder)
    return Result(
        engine or "inline",
        workers,
        statistics.median(alone),
        len(together) / sum(together),
        COUNT / seconds,
    )


def run(site: Site, script: Path, count: int) -> str:
    done = subprocess.run(
        [sys.executable, script, str(count)],
        cwd=PROJECT,
        env=site.environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout.splitlines()[-1]


def wait(site: Site) -> None:
    import psycopg

    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        while connection.execute(
            "SELECT count(*) FROM polyimages_image WHERE status = 'pending'"
        ).fetchone()[0]:
            connection.rollback()
            time.sleep(0.05)


def new_database(name: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


@contextmanager
def redis_server():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(1)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    print(f"{server_version()}, {os.cpu_count()} cores, {COUNT} uploads.\n")
    print("| engine | workers | latency of an upload | uploads/s | images/s |")
    print("|---|---|---|---|---|")
    with redis_server() as redis:
        for engine, workers in CASES:
            one = measure(engine, workers, redis)
            print(
                f"| {one.engine} | {one.workers} | {one.latency * 1000:.0f} ms | {one.uploads:.1f} | {one.images:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), "needs PostgreSQL"
    main()
