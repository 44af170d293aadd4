"""When each PUT of an upload begins, compared with when its bytes are there; and clients of boto3.

    .venv/bin/python benchmarks/puts.py [MILLISECONDS] [PHOTO ...]

The files go to SeaweedFS behind a proxy, which adds 20 ms to each request; both are processes of
their own. Then 50 uploads from 8 threads, with lists, deletions and URLs in new threads: how many
clients of boto3, connections and requests these took.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory()
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER.name}/db.sqlite3"

import example  # noqa: F401 (sets Django up)

import delayed_s3
from botocore.client import ClientCreator
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from django_polyimages.models import Image
from django_polyimages.pipeline import generation
from django_polyimages.storage import get_storage
from gallery import samples
from organizations.models import Organization
from tests.drawing import photo

ROUNDS = int(os.environ.get("ROUNDS", "9"))
UPLOADS, THREADS = 50, 8


class Moments:
    """When the bytes of each file were there, by the end of its key."""

    def __init__(self) -> None:
        self.of: dict[str, float] = {}
        real_decode, real_encode = generation.decode, generation.encode

        def decode(*args):
            result = real_decode(*args)
            self.of[".jpg"] = time.monotonic()
            return result

        def encode(picture, spec):
            result = real_encode(picture, spec)
            self.of[f"{spec.suffix}.webp"] = time.monotonic()
            return result

        generation.decode, generation.encode = decode, encode


def upload(content: bytes) -> Image:
    return Image.objects.upload(
        ContentFile(content, "photo.jpg"), organization=Organization.objects.get()
    )


def timeline(server: delayed_s3.Server, content: bytes, moments: Moments) -> None:
    found: dict[str, list[tuple[float, float, float]]] = {}
    walls = []
    for number in range(ROUNDS + 1):
        begun = time.monotonic()
        upload(content)
        walls.append((time.monotonic() - begun) * 1000)
        for put in server.taken(5):
            assert put.method == "PUT", put
            end = next(end for end in moments.of if put.key.endswith(end))
            if number:  # the first one warms up
                ready = moments.of[end]
                found.setdefault(end, []).append(
                    tuple((moment - begun) * 1000 for moment in (ready, put.begun, put.ended))
                )
    print(
        "\n| file | bytes are there | PUT has begun | after its bytes | answered |\n|---|---|---|---|---|"
    )
    for end, rows in sorted(
        found.items(), key=lambda item: statistics.median(row[0] for row in item[1])
    ):
        ready, at, ended = (statistics.median(column) for column in zip(*rows, strict=True))
        late = statistics.median(row[1] - row[0] for row in rows)
        print(f"| {end} | {ready:.0f} ms | {at:.0f} ms | {late:.1f} ms | {ended:.0f} ms |")
    print(f"\nThe whole upload: {statistics.median(walls[1:]):.0f} ms, medians of {ROUNDS}.")


def count(server: delayed_s3.Server) -> None:
    clients: list[str] = []
    real = ClientCreator.create_client

    def create_client(self, *args, **kwargs):
        clients.append(threading.current_thread().name)
        return real(self, *args, **kwargs)

    ClientCreator.create_client = create_client
    print("\n| | requests | connections | clients of boto3 |\n|---|---|---|---|")

    def tell(name: str) -> None:
        time.sleep(0.3)
        taken = server.taken(0)
        methods = ", ".join(
            f"{number} {method}"
            for method, number in sorted(Counter(one.method for one in taken).items())
        )
        print(
            f"| {name} | {methods or 'none'} | {len({one.connection for one in taken})} | {len(clients)} |"
        )
        clients.clear()

    small = photo(400, 300)
    with override_settings(STORAGES=dict(settings.STORAGES)):  # a storage that nobody has used
        with ThreadPoolExecutor(THREADS) as pool:
            images = list(pool.map(in_thread(lambda _number: upload(small)), range(UPLOADS)))
        tell(f"{UPLOADS} uploads from {THREADS} threads")
        keys = images[0].keys
        for work in (
            lambda key: get_storage().url(key),
            lambda key: [version.url for version in images[0].versions.values()],
            lambda key: get_storage().exists(key),
            lambda key: get_storage().open(key).read(),
            lambda key: get_storage().listdir("images"),
            lambda key: get_storage().size(key),
        ):
            threads = [threading.Thread(target=work, args=(key,)) for key in keys]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            tell(f"{NAMES[len(told)]} in {len(keys)} new threads")
            told.append(work)
        Image.objects.filter(pk__in=[one.pk for one in images]).delete()
        tell(f"deleting {UPLOADS} images, {UPLOADS * 5} files")


NAMES = ("`storage.url()`", "`image.versions`", "`exists()`", "`open()`", "`listdir()`", "`size()`")
told: list[object] = []


def in_thread(work):
    def run(number):
        try:
            return work(number)
        finally:
            connection.close()

    return run


def main(milliseconds: str = "20", *photos: str) -> None:
    call_command("migrate", verbosity=0)
    Organization.objects.create(name="Acme", slug="acme")
    drawn = samples.as_jpeg(samples.landscape(samples.DAWN, 1))
    contents = [Path(one).read_bytes() for one in photos] or [drawn]
    with delayed_s3.running(float(milliseconds)) as server:
        entry = delayed_s3.options(server.url)
        changes = {
            "STORAGES": settings.STORAGES | {"polyimages": entry},
            "POLYIMAGES": settings.POLYIMAGES | {"ORIGINAL_STORAGE": None},
        }
        with override_settings(**changes):
            moments = Moments()
            for content in contents:
                timeline(server, content, moments)
            count(server)


if __name__ == "__main__":
    main(*sys.argv[1:])
