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
from itertools import count

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"MEDIA_ROOT": FOLDER.name + "/media", "UPLOAD_RATE": "1000000/m"}

from example import others, server_version  # must come first: it sets up Django

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from django_polyimages.api.pagination import _cursor_after
from django_polyimages.conf import get_settings
from django_polyimages.models import Image, PolymorphicImageRelation, prefetch_images
from django_polyimages.operations.diagnosis import diagnose
from django_polyimages.operations.generation import plan_generation
from django_polyimages.operations.selection import Selection
from organizations.models import Membership, Organization
from tests.drawing import photo

SIZES = [int(size) for size in sys.argv[1:]] or [1, 1_000, 100_000, 1_000_000]
MOST_ROUNDS, FEWEST_ROUNDS, SECONDS = 15, 3, 4.0
"""Until either is reached for one action; the fewest in any case."""
LONG = 10_000
"""Milliseconds of what is done only once."""
OBJECTS, EACH, MANY, LIMIT = 100, 5, 200, 100
"""Objects with so many images each, one with many, and the images of a page."""
FIRST = OBJECTS * EACH + MANY
"""The rows that these objects need; smaller tables are measured without them."""
FLAT = 2
"""What is not flat is explained: so many times slower than with 1,000 rows."""
VERSION = "'{0}', jsonb_build_object('key', 'images/img_' || md5(n::text) || '_{0}.webp', 'width', {1}, 'height', {2}, 'bytes', 40000, 'digest', '{3}', 'media_type', 'image/webp')"
INSERT = """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, creator_id,
    created_at, updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y,
    dominant_color, placeholder, versions, status, failure_reason, attempts)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', %(organization)s, %(creator)s,
    now() - interval '1 day' - n * interval '7 seconds', now(), 4032, 3024, 3000000, 'image/jpeg', md5(n::text) || md5(n::text), 0.5, 0.5,
    '#334455', 'data:image/webp;base64,' || repeat('A', 200), jsonb_build_object({versions}), 'ready', '', 0
FROM generate_series(%(first)s, %(last)s) AS n
"""
ATTACH = """
INSERT INTO polyimages_polymorphicimagerelation (content_type_id, object_id, image_id, is_cover,
    "order", custom_title, custom_alt_text, custom_description)
SELECT %s, (id / 5 + 1000000)::text, id, false, NULL, '', '', '' FROM polyimages_image
WHERE id > %s AND id %% 2 = 0
"""
API, LIST = "/api/v1/images/orgs/acme/", "/admin/polyimages/image/"


@dataclass(frozen=True, slots=True)
class Cost:
    queries: int
    cpu: float
    wall: float
    slowest: tuple[str, object] | None = None
    """The statement that took longest, and its parameters."""


class Site:
    """Members, objects and images, and the calls that are measured."""

    def __init__(self) -> None:
        self.acme = Organization.objects.create(name="Acme", slug="acme")
        self.boss = User.objects.create_superuser("boss")
        Membership.objects.create(user=self.boss, organization=self.acme, role="editor")
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(self.boss)
        self.content = photo(400, 300)
        self.contacts = Contact.objects.bulk_create(
            Contact(organization=self.acme, name=f"Contact {number}")
            for number in range(OBJECTS + 2)
        )
        self.many, self.none = self.contacts[OBJECTS], self.contacts[OBJECTS + 1]
        self.numbers = count()
        self.kind = ContentType.objects.get_for_model(Contact).pk

    def grow(self, size: int) -> None:
        """Insert rows until there are so many; as soon as there are enough, objects get theirs."""
        specs = zip(get_settings().versions, (160, 640, 1024, 2048), strict=True)
        versions = ", ".join(
            VERSION.format(spec.name, width, width * 3 // 4, spec.digest) for spec, width in specs
        )
        before = Image.objects.count()
        values = {
            "organization": self.acme.pk,
            "creator": self.boss.pk,
            "first": before + 1,
            "last": size,
        }
        highest = Image.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with connection.cursor() as cursor:
            cursor.execute(INSERT.format(versions=versions), values)
            if before < FIRST <= size:
                self.attach_first()
                highest = Image.objects.order_by("pk")[FIRST].pk
            if size > FIRST:
                cursor.execute(ATTACH, [self.kind, highest])
            for table in ("polyimages_image", "polyimages_polymorphicimagerelation"):
                cursor.execute(f"VACUUM ANALYZE {table}")

    def attach_first(self) -> None:
        images = iter(Image.objects.order_by("pk")[:FIRST])
        owners = [one for one in self.contacts[:OBJECTS] for _ in range(EACH)] + [self.many] * MANY
        PolymorphicImageRelation.objects.bulk_create(
            PolymorphicImageRelation(
                content_type_id=self.kind, object_id=str(owner.pk), image=next(images), order=number
            )
            for number, owner in enumerate(owners)
        )

    def get(self, url: str, **query: object) -> None:
        answer = self.client.get(url, query)
        assert answer.status_code == 200, (url, answer.status_code, answer.content[:500])

    def send(self, method: str, url: str, body: object, status: int = 200) -> None:
        call = getattr(self.client, method)
        answer = call(API + url, body, content_type="application/json")
        assert answer.status_code == status, (url, answer.status_code, answer.content[:500])

    def upload(self) -> None:
        file = SimpleUploadedFile("photo.jpg", self.content)
        answer = self.client.post(f"{API}images/", {"file": file})
        assert answer.json()["status"] == "ready", answer.content

    def attach(self, obj: Contact, image: Image) -> None:
        four = {
            "image_id": image.pk,
            "app_label": "contacts",
            "model": "contact",
            "object_id": obj.pk,
        }
        self.send("post", "attach/", four)


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
