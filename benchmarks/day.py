"""A day with ten million uploads: the arithmetic, and a simulation of the queue.

    .venv/bin/python benchmarks/day.py [IMAGES] > benchmarks/results/day.md

First measures the CPU time of uploads and of the worker's part, for the pictures of ``MIX``, which
``gallery/samples.py`` draws. Then simulates the queue: uploads arrive by chance, at the busiest time
``PEAK`` times as often as on average and at night less often; each of the cores takes the next one
and needs as long as was measured. Rows and statements are those that ``benchmarks/growth.py`` found.
"""

from __future__ import annotations

import heapq
import math
import os
import random
import re
import statistics
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DAY = 86_400
PEAK = 2.0
MIX = {(4032, 3024): 0.7, (2000, 1500): 0.2, (8064, 6048): 0.1}
"""The share of each size in pixels: an assumption."""
ROUNDS = 7
SAMPLED = 10
"""Of so many waits, one is kept."""
OBJECTS = 5
"""One original and four versions."""


@dataclass(frozen=True, slots=True)
class Prices:
    """In US dollars. docs/scaling.md says where they are from."""

    million_puts: float = 4.50
    gigabyte_month: float = 0.015
    core_hour: float = 0.085


@dataclass(frozen=True, slots=True)
class Picture:
    """CPU seconds and bytes."""

    share: float
    request: float
    worker: float
    original: int
    versions: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seconds, and the longest queue."""

    median: float
    p99: float
    longest: float
    queue: int


def arrivals(images: int, chance: random.Random) -> Iterator[float]:
    """Seconds since midnight; the busiest time is eight in the evening."""
    moment, average = 0.0, images / DAY
    while True:
        of_the_day = 1 + (PEAK - 1) * math.cos(2 * math.pi * (moment / DAY - 20 / 24))
        moment += chance.expovariate(max(average * of_the_day, average / 1000))
        if moment >= DAY:
            return
        yield moment


def simulate(arrived: Sequence[float], seconds: Sequence[float], cores: int) -> Waiting:
    """Each image waits for its turn, then occupies a core for ``seconds``."""
    free = [0.0] * cores
    waits, starts = array("d"), array("d")
    begun = queue = 0
    for number, (moment, needed) in enumerate(zip(arrived, seconds, strict=True)):
        start = max(moment, free[0])
        heapq.heapreplace(free, start + needed)
        starts.append(start)
        while begun <= number and starts[begun] <= moment:
            begun += 1
        queue = max(queue, number + 1 - begun)
        if number % SAMPLED == 0 or len(arrived) < SAMPLED * 100:
            waits.append(start - moment)
    ordered = sorted(waits)
    return Waiting(
        statistics.median(ordered), ordered[len(ordered) * 99 // 100], ordered[-1], queue
    )


def measured() -> list[Picture]:
    sys.path[:0] = [str(PROJECT), str(PROJECT / "example_project")]
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "sqlite://:memory:"}
    import django

    django.setup()
    from django.conf import settings
    from django.core.files.base import ContentFile
    from django.core.management import call_command
    from django.test import override_settings

    from django_polyimages.models import Image
    from gallery import samples
    from organizations.models import Organization
    from tests.tasks import engine

    call_command("migrate", verbosity=0)
    acme = Organization.objects.create(name="Acme", slug="acme")
    pictures = []
    options = settings.POLYIMAGES | {"GENERATE": "tests.tasks.engine.give"}
    with override_settings(POLYIMAGES=options):
        for size, share in MIX.items():
            content = samples.as_jpeg(samples.landscape(samples.DAWN, 1, size))
            times = []
            for _number in range(ROUNDS):
                begun = time.process_time()
                image = Image.objects.upload(ContentFile(content, "a.jpg"), organization=acme)
                uploaded = time.process_time()
                engine.work()
                times.append((uploaded - begun, time.process_time() - uploaded))
            image.refresh_from_db()
            assert image.status == "ready"
            written = sum(version.byte_size for version in image.versions.values())
            request, worker = (statistics.median(some) for some in zip(*times, strict=True))
            pictures.append(Picture(share, request, worker, len(content), written))
    return pictures


def mean(pictures: list[Picture], name: str) -> float:
    return sum(one.share * getattr(one, name) for one in pictures)


def growth() -> dict[str, float]:
    """Bytes of a row with its indexes, and statements for an image, as they were measured."""
    text = (PROJECT / "benchmarks/results/growth.md").read_text()
    sizes = [int(size) for size in re.findall(r"^\| `\w+` \| (\d+) \|$", text, re.MULTILINE)]
    rows = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in text.split("\n")
    }
    whole = [rows["upload, the whole request"], rows["worker, a job"]]
    return {
        "row": sum(sizes),
        "statements": sum(int(row[-1]) for row in whole),
        "milliseconds": sum(float(row[-2]) for row in whole),
    }


def arithmetic(
    images: int, pictures: list[Picture], prices: Prices
) -> Iterator[tuple[str, str, str]]:
    """What it is, on average, and at the busiest time."""
    found, second = growth(), images / DAY
    request, worker = (mean(pictures, name) for name in ("request", "worker"))
    gigabytes = images * (mean(pictures, "original") + mean(pictures, "versions")) / 1e9
    rates = {
        "uploads per second": 1,
        "cores of web servers": request,
        "cores of workers": worker,
        "PUT requests per second": OBJECTS,
        "GET requests per second, by workers": 1,
        "SQL statements per second": found["statements"],
        "database connections in use": found["milliseconds"] / 1000,
    }
    for name, of_each in rates.items():
        yield name, f"{second * of_each:,.0f}", f"{second * of_each * PEAK:,.0f}"
    puts = images * OBJECTS / 1e6
    yield "new rows of a day, with indexes", f"{images * found['row'] / 1e9:,.0f} GB", ""
    yield "new objects of a day", f"{puts:,.0f} million, {gigabytes / 1000:,.1f} TB", ""
    money = {
        "PUT requests of a day": puts * prices.million_puts,
        "cores for the work of a day": images * (request + worker) / 3600 * prices.core_hour,
        "storage of what a day adds, for a month": gigabytes * prices.gigabyte_month,
    }
    for name, dollars in money.items():
        yield name, f"${dollars:,.0f}", ""


def main(images: int = 10_000_000) -> None:
    pictures = measured()
    print("| megapixels | share | CPU of the upload | CPU of the worker | original | versions |")
    print("|---|---|---|---|---|---|")
    for (width, height), one in zip(MIX, pictures, strict=True):
        print(
            f"| {width * height / 1e6:.0f} | {one.share:.0%} | {one.request * 1000:.0f} ms | "
            f"{one.worker * 1000:.0f} ms | {one.original / 1e6:.1f} MB | {one.versions / 1e6:.2f} MB |"
        )
    print(f"\n| {images:,} uploads a day | average | at the busiest time |\n|---|---|---|")
    for line in arithmetic(images, pictures, Prices()):
        print(f"| {' | '.join(line)} |")
    chance = random.Random(1)  # noqa: S311 (a simulation)
    arrived = array("d", arrivals(images, chance))
    times = [one.worker for one in pictures]
    needed = array("d", chance.choices(times, [one.share for one in pictures], k=len(arrived)))
    average = sum(needed) / DAY
    print("\n| cores | of the average load | median wait | 99 % wait less than | longest queue |")
    print("|---|---|---|---|---|", flush=True)
    for part in (1.1, 1.5, 1.9, 2.0, 2.1):
        cores = math.ceil(average * part)
        one = simulate(arrived, needed, cores)
        print(
            f"| {cores} | {part:.1f} | {in_words(one.median)} | {in_words(one.p99)} | {one.queue:,} |",
            flush=True,
        )


def in_words(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
