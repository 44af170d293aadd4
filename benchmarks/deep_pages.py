"""Compares page 1 and page 10,000 of the list, by offset and by cursor, with 1,000,000 images.

    .ci/database postgres .venv/bin/python benchmarks/deep_pages.py > benchmarks/results/deep_pages.md

Calls the HTTP API of the example project; prints medians and PostgreSQL's query plans.
"""

from __future__ import annotations

import statistics
import time

from example import explain, server_version  # must come first: it sets up Django

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_polyimages.api.pagination import _cursor_after
from django_polyimages.models import Image
from organizations.models import Membership, Organization

IMAGES, LIMIT, PAGE, ROUNDS = 1_000_000, 100, 10_000, 15
INSERT = """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, created_at,
    updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y,
    dominant_color, placeholder, versions, status, failure_reason)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', %s,
    now() - n * interval '7 seconds', now(), 4032, 3024, 3000000, 'image/jpeg', md5(n::text), 0.5, 0.5, '', '',
    jsonb_build_object(
        'thumb', jsonb_build_object('key', 'a', 'width', 160, 'height', 120, 'bytes', 4000, 'digest', 'x'),
        'sm', jsonb_build_object('key', 'b', 'width', 640, 'height', 480, 'bytes', 40000, 'digest', 'x'),
        'md', jsonb_build_object('key', 'c', 'width', 1024, 'height', 768, 'bytes', 90000, 'digest', 'x'),
        'lg', jsonb_build_object('key', 'd', 'width', 2048, 'height', 1536, 'bytes', 400000, 'digest', 'x')),
    'ready', ''
FROM generate_series(1, %s) AS n
"""


def main() -> None:
    call_command("migrate", verbosity=0)
    client = prepare()
    before = Image.objects.newest_first()[(PAGE - 1) * LIMIT - 1]
    calls = {
        "page 1, first call (no cursor)": {},
        "page 2, by cursor": {"cursor": _cursor_after(Image.objects.newest_first()[LIMIT - 1])},
        "page 10,000, by cursor": {"cursor": _cursor_after(before)},
        "page 10,000, by offset": {"offset": (PAGE - 1) * LIMIT},
    }
    measured = {name: measure(client, query) for name, query in calls.items()}
    print(HEAD.format(images=IMAGES, limit=LIMIT, rounds=ROUNDS, version=server_version()))
    print("| call | total | SELECT of the page | COUNT |")
    print("|---|---|---|---|")
    for name, (whole, select, count, _sql) in measured.items():
        print(
            f"| {name} | {whole:.1f} ms | {select:.1f} ms | {f'{count:.1f} ms' if count else 'none'} |"
        )
    for name in ("page 10,000, by cursor", "page 10,000, by offset"):
        print(f"\n## EXPLAIN, {name}\n\n```text\n{explain(measured[name][3])}\n```")


HEAD = """# Deep pages

Measured by `benchmarks/deep_pages.py`: {images:,} images of one organization, {limit} per page, {version},
medians of {rounds} calls of the HTTP API in one process, including authentication and membership.

A page by cursor takes the same time wherever it is in the list. A page by offset takes longer the more rows it skips. COUNT
stops at 10,001 rows: above 10,000 there is no number (`"count": null`), and with a cursor none is asked for.
"""


def prepare() -> Client:
    organization = Organization.objects.create(name="Big", slug="big")
    user = User.objects.create_user("editor")
    Membership.objects.create(user=user, organization=organization, role="viewer")
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [organization.pk, IMAGES])
        cursor.execute("VACUUM ANALYZE polyimages_image")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client


def measure(client: Client, query: dict[str, object]) -> tuple[float, float, float | None, str]:
    """The milliseconds of the response, its SELECT and its COUNT; and the SQL of the SELECT."""
    wholes, selects, counts = [], [], []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as queries:
            start = time.perf_counter()
            answer = client.get("/api/v1/images/orgs/big/images/", query | {"limit": LIMIT})
            wholes.append((time.perf_counter() - start) * 1000)
        assert len(answer.json()["items"]) == LIMIT, answer.content
        of_images = [one for one in queries if "polyimages_image" in one["sql"]]
        [select] = [one for one in of_images if "COUNT" not in one["sql"]]
        selects.append(float(select["time"]) * 1000)
        counts += [float(one["time"]) * 1000 for one in of_images if "COUNT" in one["sql"]]
    count = statistics.median(counts) if counts else None
    return statistics.median(wholes), statistics.median(selects), count, select["sql"]


if __name__ == "__main__":
    main()
