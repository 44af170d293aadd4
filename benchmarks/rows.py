"""What requests, pages and commands cost with 1 to 1,000,000 images in the table.

    .ci/database postgres .venv/bin/python benchmarks/rows.py [ROWS ...] > benchmarks/results/rows.md

``growth.py`` has the queue, and what PostgreSQL alone takes. Here it is the CPU time of this process
and the time until the answer; medians, without a server. Rows are made by SQL, all of one
organization; half of them are attached to something. What is going on is told on standard error.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"MEDIA_ROOT": FOLDER.name + "/media", "UPLOAD_RATE": "1000000/m"}

from example import others, server_version  # must come first: it sets up Django

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import Contact
from django_polyimages.api.pagination import _cursor_after
from django_polyimages.models import Image, prefetch_images
from django_polyimages.operations.diagnosis import diagnose
from django_polyimages.operations.generation import plan_generation
from django_polyimages.operations.selection import Selection
from rows_site import API, FIRST, LIMIT, LIST, OBJECTS, Site

SIZES = [int(size) for size in sys.argv[1:]] or [1, 1_000, 100_000, 1_000_000]
MOST_ROUNDS, FEWEST_ROUNDS, SECONDS = 15, 3, 4.0
"""Until either is reached for one action; the fewest in any case."""
LONG = 10_000
"""Milliseconds of what is done only once."""
FLAT = 2
"""What is not flat is explained: so many times slower than with 1,000 rows."""


@dataclass(frozen=True, slots=True)
class Cost:
    queries: int
    cpu: float
    wall: float
    slowest: tuple[str, object] | None = None
    """The statement that took longest, and its parameters."""


def actions(site: Site, size: int) -> Iterator[tuple[str, Callable[[], object], bool]]:
    """The name, the call, and whether what it writes is undone by a rollback."""
    middle = Image.objects.newest_first()[size // 2]
    some = Image.objects.order_by("-pk")[min(size, 40) // 2]
    yield "API: upload of a small picture", site.upload, False
    yield "API: list, first page of 100", lambda: site.get(f"{API}images/", limit=LIMIT), False
    cursor = _cursor_after(middle)
    yield (
        "API: list, a page in the middle, by cursor",
        lambda: site.get(f"{API}images/", limit=LIMIT, cursor=cursor),
        False,
    )
    yield "API: one image", lambda: site.get(f"{API}images/{some.pk}/"), False
    yield (
        "API: images that nothing uses",
        lambda: site.get(f"{API}images/", limit=LIMIT, unattached="true"),
        False,
    )
    yield "API: attach to an object without images", lambda: site.attach(site.none, some), True
    yield "API: delete an image", lambda: site.send("delete", f"images/{some.pk}/", None, 204), True
    if size >= FIRST:
        target = f"images/contacts/contact/{site.many.pk}/"
        first = site.many.images.all()[0].image
        yield "API: the 200 images of an object", lambda: site.get(API + target), False
        yield "API: attach to an object with 200 images", lambda: site.attach(site.many, some), True
        yield (
            "API: make an image the cover, of 200",
            lambda: site.send("patch", f"{target}{first.pk}/", {"is_cover": True}),
            True,
        )
        hundred = site.contacts[:OBJECTS]
        yield (
            "`prefetch_images()` of 100 objects with 5 images each",
            lambda: prefetch_images(
                list(Contact.objects.filter(pk__in=[one.pk for one in hundred]))
            ),
            False,
        )
        yield (
            "admin: page of an object with 200 images",
            lambda: site.get(f"/admin/contacts/contact/{site.many.pk}/change/"),
            False,
        )
    yield (
        "admin: page of an object without images",
        lambda: site.get(f"/admin/contacts/contact/{site.none.pk}/change/"),
        False,
    )
    yield "admin: list of images", lambda: site.get(LIST), False
    pages = {
        "its page 50": {"p": 50},
        "used": {"used": 1},
        "unused": {"used": 0},
        "of the last days": {"created_at__gte": str(timezone.now() - timedelta(days=7))},
        "failed": {"status": "failed"},
        "of an organization": {"organization__id__exact": site.acme.pk},
        "without alternative text": {"described": 0},
        "with alternative text, of which there are none": {"described": 1},
        "of a type of which there are none": {"media_type": "image/gif"},
        "search, 1 match": {"q": f"Photo {size // 2 + 1}"},
        "search, no match": {"q": "zebra"},
    }
    for name, query in pages.items():
        if name != "its page 50" or size > 5_000:
            yield (
                f"admin: list of images, {name}",
                lambda query=query: site.get(LIST, **query),
                False,
            )
    yield "admin: library, 24 images", lambda: site.get(f"{LIST}library/"), False
    yield "admin: library, search, no match", lambda: site.get(f"{LIST}library/", q="zebra"), False
    yield "admin: page of an image", lambda: site.get(f"{LIST}{some.pk}/change/"), False
    yield (
        "admin: page before an image is deleted",
        lambda: site.get(f"{LIST}{some.pk}/delete/"),
        False,
    )
    yield "`polyimages_doctor`", lambda: list(diagnose()), False
    yield (
        "`polyimages_generate --due`",
        lambda: call_command(
            "polyimages_generate", due=True, stdout=io.StringIO(), stderr=io.StringIO()
        ),
        False,
    )
    yield PLAN, lambda: plan_generation(Selection()), False


PLAN = "`polyimages_generate --plan`, for each 1,000 rows"


class Recorder:
    def __init__(self) -> None:
        self.number, self.longest, self.slowest = 0, 0.0, None

    def __call__(self, execute, sql, params, many, context):
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seconds = time.perf_counter() - begun
            self.number += 1
            if seconds > self.longest:
                self.longest, self.slowest = seconds, (sql, params)


def is_wanted(found: list[Cost], end: float) -> bool:
    """Whether another round is; none of what takes so long that warmth does not matter."""
    if found and found[-1].wall > LONG:
        return False
    return len(found) <= FEWEST_ROUNDS or (len(found) < MOST_ROUNDS and time.monotonic() < end)


def measure(call: Callable[[], object], *, undo: bool) -> Cost:
    found: list[Cost] = []
    end = time.monotonic() + SECONDS
    while is_wanted(found, end):
        recorder = Recorder()
        with undone() if undo else nullcontext(), connection.execute_wrapper(recorder):
            cpu, wall = time.process_time(), time.perf_counter()
            call()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        found.append(Cost(recorder.number, cpu * 1000, wall * 1000, recorder.slowest))
    rest = found[1:] or found  # the first one warms up
    return Cost(
        int(statistics.median(one.queries for one in rest)),
        statistics.median(one.cpu for one in rest),
        statistics.median(one.wall for one in rest),
        rest[-1].slowest,
    )


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def explain(statement: tuple[str, object]) -> str:
    sql, params = statement
    if not sql.startswith("SELECT"):
        return sql[:300]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {sql}", params)
        lines = [row[0] for row in cursor.fetchall()]
    return "\n".join(line if len(line) < 160 else f"{line[:160]} ..." for line in lines)


def main() -> None:
    call_command("migrate", verbosity=0)
    site, busy = Site(), others()
    measured: dict[str, dict[int, Cost]] = {}
    plans: dict[str, str] = {}
    for size in SIZES:
        site.grow(size)
        for name, call, undo in actions(site, size):
            cost = measure(call, undo=undo)
            if name == PLAN:
                part = 1_000 / Image.objects.count()
                cost = Cost(cost.queries, cost.cpu * part, cost.wall * part)
            of_name = measured.setdefault(name, {})
            if cost.slowest and 1_000 in of_name and cost.wall > FLAT * of_name[1_000].wall + 20:
                plans[f"{name}, {size:,} rows"] = explain(cost.slowest)
            of_name[size] = cost
            print(
                f"{size:>9,} {cost.cpu:7.1f} {cost.wall:7.1f} {name}", file=sys.stderr, flush=True
            )
        print(time.strftime("%H:%M:%S"), f"{size:,}", file=sys.stderr, flush=True)
    show(measured, busy)
    for name, plan in plans.items():
        print(f"\n## EXPLAIN, {name}\n\n```text\n{plan}\n```")


def show(measured: dict[str, dict[int, Cost]], busy: str) -> None:
    print(
        f"{server_version()}, {busy}; CPU / wall milliseconds, medians of up to {MOST_ROUNDS - 1}.\n"
    )
    print(f"| rows | {' | '.join(f'{size:,}' for size in SIZES)} | queries |")
    print(f"|---|{'---|' * (len(SIZES) + 1)}")
    for name, costs in measured.items():
        cells = [
            f"{costs[size].cpu:.1f} / {costs[size].wall:.1f}" if size in costs else "-"
            for size in SIZES
        ]
        numbers = sorted({one.queries for one in costs.values()})
        queries = "-".join(map(str, {numbers[0]: 0, numbers[-1]: 0}))
        print(f"| {name} | {' | '.join(cells)} | {queries if name != PLAN else ''} |")


if __name__ == "__main__":
    main()
