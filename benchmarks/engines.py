"""Compares uploads with and without a task engine: how long they take, and how many there can be.

    .ci/database postgres .venv/bin/python benchmarks/engines.py [COUNT] > benchmarks/results/engines.md

The example runs on PostgreSQL and the local disk, with its workers in processes of their own, as
`make demo-worker` and `make demo-celery` start them. An upload is a request to the API, without
network, of a 12-megapixel JPEG that `gallery/samples.py` draws, from one process. The engines take
turns, in random order. Needs redis-server.

``latency``: the median time of uploads, one after another, while no worker runs.
``ready``: the median time until all versions were there, if the next upload begins only then.
``uploads/s``: how many this process sent without waiting, while the workers used the cores as well.
``images/s``: how many were ready per second, from the first of these uploads to the last version.
``CPU``: the CPU time of the request, and that of the workers, for each of these images.
"""

from __future__ import annotations

import json
import os
import random
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

from example import PROJECT, others, server_version  # must come first: it sets up Django

from django.conf import settings

sys.path.insert(0, str(PROJECT))
from tests.engines.site import Site

COUNT = int(sys.argv[1]) if sys.argv[1:] else 40
ALONE = max(5, COUNT // 4)
"""Uploads one after another."""
TICKS = os.sysconf("SC_CLK_TCK")
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
from django_polyimages.models import Image
from gallery import samples
from organizations.models import Membership, Organization

organization, _ = Organization.objects.get_or_create(name="Acme", slug="acme")
user, _ = User.objects.get_or_create(username="bench")
Membership.objects.get_or_create(user=user, organization=organization, role="editor")
client = Client(SERVER_NAME="127.0.0.1")
client.force_login(user)
content = samples.as_jpeg(samples.landscape(samples.DAWN, 1))
times = []
count, is_patient = int(sys.argv[1]), sys.argv[2] == "patient"
for number in range(count + 1):
    begun, used = time.perf_counter(), time.process_time()
    answer = client.post("/api/v1/images/orgs/acme/images/", {"file": SimpleUploadedFile(f"{number}.jpg", content)})
    assert answer.status_code == 200, answer.content
    used = time.process_time() - used
    while is_patient and Image.objects.filter(status="pending").exists():
        time.sleep(0.01)
    times.append((time.perf_counter() - begun, used))
print(json.dumps(times[1:]))
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds, and numbers per second."""

    engine: str
    workers: int
    latency: float
    ready: float
    uploads: float
    images: float
    request_cpu: float
    worker_cpu: float

    @property
    def row(self) -> str:
        seconds = (self.latency, self.ready)
        return (
            f"| {self.engine} | {self.workers} | "
            + "".join(f"{one * 1000:.0f} ms | " for one in seconds)
            + f"{self.uploads:.1f} | {self.images:.2f} | "
            + f"{self.request_cpu * 1000:.0f} + {self.worker_cpu * 1000:.0f} ms |"
        )


def measure(engine: str, workers: int, redis: str) -> Result:
    folder = Path(tempfile.mkdtemp())
    url = new_database(f"bench_{engine or 'inline'}_{workers}")
    site = Site.create(
        engine, folder, DATABASE_URL=url, REDIS_URL=redis, UPLOAD_RATE="100000/m", DEBUG="0"
    )
    alone = uploads(site, ALONE)
    with ExitStack() as stack:
        processes = [stack.enter_context(site.worker()) for _number in range(workers)]
        wait(site)
        ready = uploads(site, ALONE, "patient")
        used, begun = cpu_of(processes), time.monotonic()
        together = uploads(site, COUNT)
        wait(site)
        seconds, used = time.monotonic() - begun, cpu_of(processes) - used
    shutil.rmtree(folder)
    return Result(
        engine=engine or "inline",
        workers=workers,
        latency=statistics.median(wall for wall, _cpu in alone),
        ready=statistics.median(wall for wall, _cpu in ready),
        uploads=COUNT / sum(wall for wall, _cpu in together),
        images=COUNT / seconds,
        request_cpu=statistics.mean(cpu for _wall, cpu in together),
        worker_cpu=used / COUNT,
    )


def uploads(site: Site, count: int, patience: str = "") -> list[tuple[float, float]]:
    """The wall time and the CPU time of each."""
    script = site.folder / "uploads.py"
    script.write_text(UPLOADS)
    return [(wall, cpu) for wall, cpu in json.loads(run(site, script, str(count), patience))]


def cpu_of(processes: list[subprocess.Popen[bytes]]) -> float:
    """The CPU seconds of workers and of the children that they have or had."""
    groups, ticks = {process.pid for process in processes}, 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) in groups:
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def run(site: Site, script: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, script, *arguments],
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
    print(f"{server_version()}, {COUNT} uploads; {others()}.\n")
    print("| engine | workers | latency | ready | uploads/s | images/s | CPU |")
    print("|---|---|---|---|---|---|---|", flush=True)
    results = {}
    with redis_server() as redis:
        for case in random.sample(CASES, len(CASES)):
            results[case] = measure(*case, redis)
            print(results[case].row, file=sys.stderr, flush=True)
    print("\n".join(results[case].row for case in CASES))


if __name__ == "__main__":
    assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), "needs PostgreSQL"
    main()
