"""Compares CPU and wall time of an upload with a simple implementation and with a lower limit.

    .venv/bin/python benchmarks/upload.py [PHOTO ...]

``limit``: only decoding once, at the smallest sufficient size, and encoding four versions.
``naive``: the Pillow code of many projects, which decodes the file again for each version.
``package``: ``Image.objects.upload`` with all checks, SHA-256, a storage in memory and the INSERT.

The runs are interleaved in random order; the results are medians. On a busy machine, only the CPU
times are reliable.
"""

from __future__ import annotations

import io
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "example_project")]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DATABASE_URL"] = "sqlite://:memory:"

import django

django.setup()

from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image as Pillow
from PIL import ImageOps

from django_polyimages.models import Image
from django_polyimages.specs import DEFAULT_VERSIONS
from gallery import samples
from organizations.models import Organization

ROUNDS = 9


def limit(content: bytes) -> None:
    picture = Pillow.open(io.BytesIO(content))
    picture.draft(None, (int(0.96 * 2048), int(0.96 * 1536)))
    picture.load()
    for spec in DEFAULT_VERSIONS:
        small = picture.reduce(max(1, picture.width // spec.width))  # the cheapest way to scale
        small = small.resize(spec.target(*picture.size).size, Pillow.Resampling.NEAREST)
        small.save(io.BytesIO(), "WEBP", quality=spec.quality, method=4)


def naive(content: bytes) -> None:
    for spec in DEFAULT_VERSIONS:
        picture = ImageOps.exif_transpose(Pillow.open(io.BytesIO(content)))
        picture = picture.resize(spec.target(*picture.size).size, Pillow.Resampling.LANCZOS)
        picture.save(io.BytesIO(), "WEBP", quality=spec.quality, method=4)


def package(content: bytes) -> None:
    Image.objects.upload(ContentFile(content, "photo.jpg"), organization=Organization.objects.get())


def measure(work: Callable[[bytes], None], content: bytes) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work(content)
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def main(photos: list[str]) -> None:
    call_command("migrate", verbosity=0)
    Organization.objects.create(name="Acme", slug="acme")
    drawn = {"drawn, 4032x3024": samples.as_jpeg(samples.landscape(samples.DAWN, 1))}
    contents = {Path(photo).name: Path(photo).read_bytes() for photo in photos} or drawn
    print("| photo | | CPU ms | of the limit | wall ms |\n|---|---|---|---|---|")
    for name, content in contents.items():
        runs: dict[str, list[tuple[float, float]]] = {}
        works = [limit, naive, package]
        for number in range(ROUNDS + 1):
            random.shuffle(works)
            for work in works:
                measured = measure(work, content)
                if number:  # the first round warms up
                    runs.setdefault(work.__name__, []).append(measured)
        base = statistics.median(cpu for cpu, _wall in runs["limit"])
        for kind in ("limit", "naive", "package"):
            cpu = statistics.median(cpu for cpu, _wall in runs[kind])
            wall = statistics.median(wall for _cpu, wall in runs[kind])
            print(f"| {name} | {kind} | {cpu:.0f} | {cpu / base:.2f} | {wall:.0f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
