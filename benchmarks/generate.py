"""Measures how well ``polyimages_generate`` uses the cores, with photos of 12 megapixels.

    .ci/database postgres .venv/bin/python benchmarks/generate.py [IMAGES] [JOBS ...] [--width PIXELS]

With ``--width`` the photos are smaller, so that thousands take minutes. The files are in a temporary
folder. ``memory`` is that of the process after a tenth of the images and at the end. ``of the cores`` is the CPU time divided by the wall time and
the number of cores. ``wanted`` is how many of the cores threads used or waited for, as sampled: on a
busy machine, only this says what the command would use on its own.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory()
os.environ["MEDIA_ROOT"] = FOLDER.name + "/media"

from example import server_version  # must come first: it sets up Django

from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image as Pillow

from django_polyimages.models import Image
from django_polyimages.operations.generation import default_jobs, generate, plan_generation
from django_polyimages.operations.selection import Selection
from django_polyimages.storage import generate_upload_filename, get_original_storage
from gallery import samples
from organizations.models import Organization

KINDS = 4
"""How many different photos are drawn."""
MIB = 1024


def prepare(images: int, width: int) -> None:
    """Rows without versions, each with an original of its own."""
    call_command("migrate", verbosity=0)
    organization, _new = Organization.objects.get_or_create(name="Acme", slug="acme")
    height = width * 3 // 4
    photos = [drawn(number, (width, height)) for number in range(KINDS)]
    for number in range(images):
        content = photos[number % KINDS]
        key = get_original_storage().save(
            generate_upload_filename(None, "photo.jpg"), ContentFile(content)
        )
        Image.objects.create(
            file=key,
            organization=organization,
            width=width,
            height=height,
            byte_size=len(content),
            media_type="image/jpeg",
        )


def drawn(number: int, size: tuple[int, int]) -> bytes:
    content = samples.as_jpeg(samples.landscape(samples.DAWN, number))
    if size == samples.PHONE:
        return content
    with Pillow.open(io.BytesIO(content)) as picture:
        return samples.as_jpeg(picture.resize(size))


def memory() -> float:
    """What this process uses now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB / MIB


class Sampler(threading.Thread):
    """Counts now and then how many threads of this process use a core or wait for one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[int] = []
        self.is_done = threading.Event()

    def run(self) -> None:
        own = str(threading.get_native_id())
        while not self.is_done.wait(0.02):
            files = [
                file for file in Path("/proc/self/task").glob("*/stat") if file.parent.name != own
            ]
            self.samples.append(sum(state_of(file) == "R" for file in files))

    def wanted(self, cores: int) -> float:
        return sum(min(number, cores) for number in self.samples) / len(self.samples) / cores


def state_of(file: Path) -> str:
    try:
        return file.read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def measure(jobs: int) -> None:
    plan = plan_generation(Selection(everything=True, grace=timedelta(0)))
    sampler = Sampler()
    sampler.start()
    before, started = time.process_time(), time.perf_counter()
    early = 0.0
    for number, result in enumerate(generate(plan, jobs=jobs), 1):
        assert not result.failure, result
        if number == max(1, plan.images // 10):
            early = memory()
    wall, cpu = time.perf_counter() - started, time.process_time() - before
    sampler.is_done.set()
    sampler.join()
    cores = default_jobs()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    print(
        f"| {plan.images} | {jobs} | {wall:.1f} s | {cpu:.1f} s | {cpu / plan.images * 1000:.0f} ms | {cpu / wall / cores:.0%} | "
        f"{sampler.wanted(cores):.0%} | {plan.cpu_seconds:.0f} s | {early:.0f} / {memory():.0f} MiB | {peak:.0f} MiB |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=int, nargs="?", default=120)
    default = [1, default_jobs(), default_jobs() + 1]
    parser.add_argument("jobs", type=int, nargs="*", default=default)
    parser.add_argument("--width", type=int, default=samples.PHONE[0])
    given = parser.parse_intermixed_args()
    prepare(given.images, given.width)
    print(f"Python {sys.version.split()[0]}, {server_version()}, {default_jobs()} cores\n")
    print(
        "| images | jobs | time | CPU time | per image | of the cores | wanted | CPU time as planned | memory | peak memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for number in given.jobs:
        measure(number)


if __name__ == "__main__":
    main()
