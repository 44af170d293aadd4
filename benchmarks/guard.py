"""Refuses uploads and lists that have become slower: ``make bench-guard``.

Everything is measured in turns, in CPU time, and compared with the limit in the same run: seconds
depend on the machine, these ratios hardly do. If one exceeds its bound, there are as many rounds
again before it is refused. ``--slower`` adds a second decode, which has to be refused.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare.candidates import chosen
from benchmarks.compare.job import PROJECT, SPECS
from benchmarks.compare.originals import made, wide
from benchmarks.compare.site import create_tables, modules_of_fast, start

IMAGES = 100
LISTS = 20
"""One is too short to be measured."""
ROUNDS, FEWEST = 5, 2
SECONDS = 100
"""For everything. After that no further round begins, if there were the fewest that are needed."""
TOLERANCE = 1.05
"""Medians of a few rounds differ by so much on a busy machine."""
Works = Mapping[str, Callable[[], object]]
Times = dict[str, list[float]]


@dataclass(frozen=True)
class Bound:
    """``of`` takes at most ``most`` times the CPU time of ``base``."""

    of: str
    base: str
    most: float
    why: str


SCALING = "the rest is scaling"
SIMD = "with SIMD, scaling costs little"
UPLOAD = "an upload also checks the file, hashes and stores it, and inserts the row"
LIST = "a list is a query, URLs and JSON, and little else"
BOUNDS: Mapping[str, Sequence[Bound]] = {
    "polyimages": [
        Bound("pixels 12mp", "limit 12mp", 1.47, SCALING),
        Bound("pixels 48mp", "limit 48mp", 1.51, SCALING),
        Bound("upload 12mp", "limit 12mp", 1.56, UPLOAD),
        Bound("list", "bare list", 1.50, LIST),
    ],
    "polyimages-fast": [
        Bound("pixels 12mp", "limit 12mp", 1.10, SIMD),
        Bound("pixels 48mp", "limit 48mp", 1.10, SIMD),
        Bound("upload 12mp", "limit 12mp", 1.25, UPLOAD),
        Bound("list", "bare list", 1.50, LIST),
    ],
}
"""By candidate: without and with the extra ``fast``. All bounds are here, and nowhere else.

Most are what was measured on a machine with two cores on 2026-11-26, since not all goals of
``docs/performance.md`` are reached. The whole upload varies most: the kernel has to provide pages
of memory for it, more of them in some processes than in others.
"""


def upload_works(*, slower: bool) -> Works:
    """Uploads, their pixels and the limits of these; ``slower`` ones decode once more."""
    from django.contrib.auth.models import Group
    from django.core.files.base import ContentFile

    from benchmarks.limit import decode, limit
    from django_polyimages.models import Image

    contents = {name: made(name).read_bytes() for name in ("12mp", "48mp")}
    group = Group.objects.create(name="Uploads")

    def upload() -> None:
        Image.objects.upload(ContentFile(contents["12mp"], "photo.jpg"), organization=group)

    found: dict[str, Callable[[], object]] = {"upload 12mp": upload}
    for name, content in contents.items():
        found[f"limit {name}"] = lambda content=content: limit(content)
        found[f"pixels {name}"] = lambda content=content: pixels(content)
    if slower:
        for name in ("upload 12mp", "pixels 12mp", "pixels 48mp"):
            content = contents[name.split()[1]]
            found[name] = lambda work=found[name], content=content: (decode(content), work())
    return found


def pixels(content: bytes) -> None:
    """The package's decoding, scaling and encoding, in this thread."""
    from django.core.files.base import ContentFile

    from django_polyimages.pixels.inspection import inspect
    from django_polyimages.pixels.placeholders import placeholder_of
    from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
    from django_polyimages.specs import CENTRE, DEFAULT_VERSIONS

    file = ContentFile(content, "photo.jpg")
    todo = plan(inspect(file), DEFAULT_VERSIONS, CENTRE)
    picture = prepare(decode(file, todo), todo)
    for group, scaled in render(picture, todo):
        encode(scaled, group[0])
        picture = scaled
    placeholder_of(picture)


def list_works() -> Works:
    """A list of 100 images with four URLs each; and the query, ``url()`` and JSON alone."""
    from django.contrib.auth.models import Group
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django_polyimages.models import Image

    group, content = Group.objects.create(name="List"), wide(SPECS[-1].side)
    for number in range(IMAGES):
        Image.objects.upload(ContentFile(content, f"{number}.jpg"), organization=group)
    images = Image.objects.filter(organization=group)
    keys = [[one.versions[spec.name].key for spec in SPECS] for one in images.all()]

    def listed() -> str:
        return json.dumps([[one.versions[spec.name].url for spec in SPECS] for one in images.all()])

    def bare() -> str:
        assert len(list(images.all())) == IMAGES
        return json.dumps([[default_storage.url(key) for key in each] for each in keys])

    assert listed() == bare()
    return {
        "list": lambda: [listed() for _time in range(LISTS)],
        "bare list": lambda: [bare() for _time in range(LISTS)],
    }


def measure(
    works: Works,
    times: Times,
    *,
    end: float,
    fewest: int = FEWEST,
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Add what each work takes to ``times``; in a new order in each round.

    ``end`` is a time of ``time.monotonic()``.
    """
    for number in range(ROUNDS):
        if number >= fewest and time.monotonic() > end:
            return
        for name in random.sample(sorted(works), len(works)):
            begun = clock()
            works[name]()
            times.setdefault(name, []).append(clock() - begun)


def ratio(bound: Bound, times: Times) -> float:
    """Of the medians."""
    return statistics.median(times[bound.of]) / statistics.median(times[bound.base])


def exceeded(bounds: Sequence[Bound], times: Times) -> list[str]:
    """A sentence for each bound that is exceeded."""
    return [
        f"{bound.of}: {found:.2f} times the CPU time of {bound.base}, which is more than "
        f"{bound.most:.2f} ({bound.why})"
        for bound in bounds
        if (found := ratio(bound, times)) > bound.most * TOLERANCE
    ]


def check(
    works: Works,
    bounds: Sequence[Bound],
    seconds: float,
    clock: Callable[[], float] = time.process_time,
) -> tuple[list[str], Times]:
    """What is exceeded, after as many rounds again if something was, and the times."""
    times: Times = {}
    now = time.monotonic()
    for work in works.values():
        work()  # the first time is longer, and the limit gets its pixels
    measure(works, times, end=now + seconds / 2, clock=clock)
    if exceeded(bounds, times):
        measure(works, times, end=now + seconds, fewest=0, clock=clock)
    return exceeded(bounds, times), times


def guard(name: str, seconds: float, *, slower: bool) -> list[str]:
    """Measure one candidate in this process and print its ratios; what is exceeded."""
    end = time.monotonic() + seconds
    [candidate] = chosen(name)
    with tempfile.TemporaryDirectory() as folder:
        create_tables(start(candidate, Path(folder)))
        works = {**upload_works(slower=slower), **list_works()}
        found, times = check(works, BOUNDS[name], end - time.monotonic())
    for bound in BOUNDS[name]:
        rounds = len(times[bound.of])
        print(
            f"| {candidate.label} | {bound.of} | {ratio(bound, times):.2f} | {bound.most:.2f} "
            f"| {statistics.median(times[bound.base]) * 1000:.0f} ms | {rounds} |",
            flush=True,
        )
    return found


def main(*, slower: bool) -> None:
    """Each candidate in a process of its own, since a module cannot be hidden later."""
    names = [name for name in BOUNDS if name != "polyimages-fast" or modules_of_fast()]
    for name in ("12mp", "48mp"):
        made(name)
    print(
        "| | CPU time of | ratio | at most | limit | rounds |\n|---|---|---|---|---|---|",
        flush=True,
    )
    refused = []
    for name in names:
        command = [sys.executable, "-m", "benchmarks.guard", "--only", name]
        command += ["--seconds", str(SECONDS / len(names))]
        command += ["--slower"] if slower else []
        done = subprocess.run(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, check=False)
        refused += [done.stderr] if done.returncode else []
    if len(names) < len(BOUNDS):
        print("The extra `fast` is not installed, so only the package without it was measured.")
    if refused:
        raise SystemExit("\nSlower than it may be:\n" + "".join(refused))
    print("\nNothing is slower than it may be.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slower", action="store_true", help="decode once more; has to be refused")
    parser.add_argument("--only", choices=list(BOUNDS), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.only:
        main(slower=given.slower)
    elif exceedances := guard(given.only, given.seconds, slower=given.slower):
        raise SystemExit("\n".join(exceedances))
