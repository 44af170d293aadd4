"""What an upload, its job and the commands beside it cost with 1 to 1,000,000 images in the table.

    .ci/database postgres .venv/bin/python benchmarks/growth.py > benchmarks/results/growth.md

The example uses the database backend, and the table of its tasks grows as well. Rows are copies of
one that was uploaded. ``ms`` is what this process waited for the database, without BEGIN and COMMIT;
medians. Also prints the size of a row and of the indexes, and query plans.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {
    "MEDIA_ROOT": FOLDER.name + "/media",
    "POLYIMAGES_ENGINE": "database",
    "UPLOAD_RATE": "100000/m",
}

from example import others, server_version  # must come first: it sets up Django

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from django_polyimages.models import Image
from django_polyimages.operations.diagnosis import diagnose
from organizations.models import Membership, Organization
from tests.drawing import photo

SIZES = [int(size) for size in sys.argv[1:]] or [1, 1_000, 100_000, 1_000_000]
ROUNDS = 15
BACKLOG = 1_000
CHANGED = {
    "file": "CONCAT('images/img_', SUBSTR(MD5(CONCAT(id, '-', %(salt)s)), 1, 22), '.jpg')",
    "created_at": "created_at - random() * interval '100 days'",
}
IMAGES, TASKS = Image._meta.db_table, DBTaskResult._meta.db_table


@dataclass(frozen=True, slots=True)
class Cost:
    statements: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    params: Any
    milliseconds: float


class Statements:
    """The SQL that was executed, and how long each statement took."""

    def __init__(self) -> None:
        self.made: list[Statement] = []

    def __call__(self, execute, sql, params, many, context):
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.made.append(Statement(sql, params, (time.perf_counter() - begun) * 1000))

    def of(self, *parts: str, without: str = "\0") -> list[Statement]:
        """The statements that contain all ``parts``."""
        return [
            one
            for one in self.made
            if without not in one.sql and all(part in one.sql for part in parts)
        ]

    def cost(self, *parts: str, without: str = "\0") -> Cost:
        some = self.of(*parts, without=without)
        return Cost(len(some), sum(one.milliseconds for one in some))


@contextmanager
def watching() -> Iterator[Statements]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


def grow(model: type[models.Model], size: int) -> None:
    """Copy rows until there are so many."""
    quote = connection.ops.quote_name
    values = {
        field.column: CHANGED.get(field.column, quote(field.column))
        for field in model._meta.concrete_fields
    }
    if model is Image:
        del values["id"]
    else:
        values["id"] = "gen_random_uuid()"
    table, names = quote(model._meta.db_table), ", ".join(map(quote, values))
    while (missing := size - model.objects.count()) > 0:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} FROM {table} "
                f"LIMIT {min(missing, 250_000)}".replace("%(salt)s", f"'{missing}'")
            )


def analyze() -> None:
    with connection.cursor() as cursor:
        for model in (Image, DBTaskResult):
            cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")


class Site:
    def __init__(self) -> None:
        self.acme = Organization.objects.create(name="Acme", slug="acme")
        boss = User.objects.create_superuser("boss")
        Membership.objects.create(user=boss, organization=self.acme, role="editor")
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(boss)
        self.content = photo(400, 300)

    def upload(self) -> None:
        file = SimpleUploadedFile("photo.jpg", self.content)
        answer = self.client.post("/api/v1/images/orgs/acme/images/", {"file": file})
        assert answer.json()["status"] == "pending", answer.content

    def poll(self) -> None:
        keys = Image.objects.order_by("-pk").values_list("pk", flat=True)[:100]
        answer = self.client.post(
            "/admin/polyimages/image/pending/", {"image": list(keys), "part": ["thumbnail"]}
        )
        assert len(answer.json()["images"]) == len(keys), answer.content


def work() -> None:
    """One look into the queue, and what is found there."""
    call_command(
        "db_worker", max_tasks=1, batch=True, startup_delay=False, reload=False, verbosity=0
    )


def due(**options: Any) -> None:
    options |= {"due": True, "stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("polyimages_generate", **options)


def measure_all(site: Site) -> tuple[dict[str, Cost], dict[str, str]]:
    """The costs, and the plans of some statements."""
    found: dict[str, list[Cost]] = {}
    plans: dict[str, Any] = {}

    def note(name: str, cost: Cost) -> None:
        found.setdefault(name, []).append(cost)

    for _number in range(ROUNDS):
        with watching() as made:
            site.upload()
        note("upload, the whole request", made.cost())
        note("upload, the INSERT of the image", made.cost("INSERT INTO", IMAGES))
        with watching() as made:
            work()
        note("worker, a job", made.cost())
        note("worker, of these by the package", made.cost(without=TASKS))
        note("worker, the claim", made.cost("UPDATE", "attempts", " + "))
        plans["the claim"] = made.of("UPDATE", "attempts", " + ")[0]
        calls = {
            "worker, nothing to do": work,
            "`polyimages_generate --due`": due,
            "`polyimages_doctor`": lambda: list(diagnose()),
            "admin, poll of 100 pictures": site.poll,
        }
        for name, call in calls.items():
            with watching() as made:
                call()
            note(name, made.cost())
            if name == "worker, nothing to do":
                plans["a worker that looks for a job"] = made.of("SELECT", TASKS)[0]
    commands = {"`--due --plan`": partial(due, plan=True), "doctor": lambda: list(diagnose())}
    for hours, state in ((9, "at work"), (-9, "due")):
        with backlog(hours):
            for _number in range(ROUNDS):
                for command, call in commands.items():
                    with watching() as made:
                        call()
                    name = f"{command}, {BACKLOG:,} of the images {state}"
                    note(name, made.cost())
                    plans[name] = made.of("SELECT", IMAGES)[0]
            plans |= {
                name: explain(plan) for name, plan in plans.items() if isinstance(plan, Statement)
            }
    return {name: median(costs) for name, costs in found.items()}, plans


def explain(statement: Statement) -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {statement.sql}", statement.params)
        lines = [row[0] for row in cursor.fetchall()]
        transaction.set_rollback(True)
    return "\n".join(line if len(line) < 200 else f"{line[:200]} ..." for line in lines)


def sizes() -> Iterator[str]:
    """What a row of the table and of each of its indexes takes on the disk."""
    names = "SELECT indexname FROM pg_indexes WHERE tablename = %s ORDER BY 1"
    with connection.cursor() as cursor:
        cursor.execute(names, [IMAGES])
        for (name,) in [(IMAGES,), *cursor.fetchall()]:
            cursor.execute("SELECT pg_table_size(%s::regclass)", [name])
            yield f"| `{name}` | {cursor.fetchone()[0] / Image.objects.count():.0f} |"


def median(costs: list[Cost]) -> Cost:
    return Cost(
        int(statistics.median(one.statements for one in costs)),
        statistics.median(one.milliseconds for one in costs),
    )


@contextmanager
def backlog(hours: int) -> Iterator[None]:
    """Some of the newest images are pending, and due in so many hours."""
    keys = list(Image.objects.order_by("-pk").values_list("pk", flat=True)[:BACKLOG])
    rows = Image.objects.filter(pk__in=keys)
    rows.update(
        status="pending", attempts=1, next_attempt_at=timezone.now() + timedelta(hours=hours)
    )
    analyze()
    yield
    rows.update(status="ready", attempts=0, next_attempt_at=None)
    analyze()


def main() -> None:
    call_command("migrate", verbosity=0)
    site = Site()
    site.upload()
    work()
    measured, busy = {}, others()
    for size in SIZES:
        for model in (Image, DBTaskResult):
            grow(model, size)
        analyze()
        measured[size], plans = measure_all(site)
        print(time.strftime("%H:%M:%S"), f"{size:,}", file=sys.stderr, flush=True)
    print(f"{server_version()}, {busy}; milliseconds, medians of {ROUNDS}.\n")
    print(f"| rows | {' | '.join(f'{size:,}' for size in SIZES)} | statements |")
    print(f"|---|{'---|' * (len(SIZES) + 1)}")
    for name, last in measured[SIZES[-1]].items():
        figures = " | ".join(f"{measured[size][name].milliseconds:.1f}" for size in SIZES)
        print(f"| {name} | {figures} | {last.statements} |")
    print("\n| bytes of each row | |\n|---|---|", *sizes(), sep="\n")
    for name, plan in plans.items():
        print(f"\n## EXPLAIN, {name}\n\n```text\n{plan}\n```")


if __name__ == "__main__":
    main()
