"""The pages of the library with 1,000,000 images, and deletions of 100,000.

    .ci/database postgres .venv/bin/python benchmarks/library.py

Prints the seconds, queries and kilobytes of each response, and the megabytes that the process grew.
"""

from __future__ import annotations

import resource
import time

from example import server_version  # must come first: it sets up Django

from deep_pages import IMAGES, INSERT
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from django_polyimages.models import Image
from organizations.models import Membership, Organization

LIST = "/admin/polyimages/image/"
API = "/api/v1/images/orgs/big/images/"
MANY = 100_000
ATTACH = """
INSERT INTO polyimages_polymorphicimagerelation (content_type_id, object_id, image_id, is_cover,
    custom_title, custom_alt_text, custom_description)
SELECT %s, n::text, %s, false, '', '', '' FROM generate_series(1, %s) AS n
"""
TRIGRAMS = """
CREATE EXTENSION pg_trgm;
CREATE INDEX t ON polyimages_image USING gin (UPPER(title::text) gin_trgm_ops);
CREATE INDEX a ON polyimages_image USING gin (UPPER(alt_text::text) gin_trgm_ops);
CREATE INDEX d ON polyimages_image USING gin (UPPER(description::text) gin_trgm_ops);
"""


def main() -> None:
    call_command("migrate", verbosity=0)
    client, small, used = prepare()
    across = {"action": "delete_selected", "_selected_action": used.pk, "select_across": "1"}
    print(
        f"{IMAGES:,} images, {server_version()}\n\n| page | seconds | queries | kB | MB |\n|---|---|---|---|---|"
    )
    pages = {
        "admin, list": LIST,
        "admin, page 100": f"{LIST}?p=100",
        "admin, page 5,000": f"{LIST}?p=5000",
        "admin, not used": f"{LIST}?used=0",
        "admin, used": f"{LIST}?used=1",
        "library, first page": f"{LIST}library/",
        "API, unattached": f"{API}?unattached=true",
        "delete page of an image on 100,000 objects": f"{LIST}{used.pk}/delete/",
        "delete page of an organization with 100,000 images": f"/admin/organizations/organization/{small.pk}/delete/",
    }
    searches = {
        "admin, search, one match": f"{LIST}?q=Photo 777777",
        "admin, search, no match": f"{LIST}?q=zebra",
        "API, title, no match": f"{API}?title=zebra",
        "library, search, no match": f"{LIST}library/?q=zebra",
    }
    for name, url in (pages | searches).items():
        measure(name, lambda url=url: client.get(url))
    measure("delete page, all 1,100,001", lambda: client.post(LIST, across))
    with connection.cursor() as cursor:
        cursor.execute(TRIGRAMS)
        cursor.execute("VACUUM ANALYZE polyimages_image")
    for name, url in searches.items():
        measure(f"{name}, pg_trgm", lambda url=url: client.get(url))
    before = Image.objects.count()
    data = across | {"until": "2090-01-01T00:00:00+00:00"}
    measure("delete all, one request", lambda: client.post(LIST, data))
    print(f"it deleted {before - Image.objects.count():,}")
    url = f"/admin/organizations/organization/{small.pk}/delete/"
    measure("delete that organization", lambda: client.post(url, {"post": "yes"}))


def prepare() -> tuple[Client, Organization, Image]:
    big, small = (
        Organization.objects.create(name=name, slug=name.lower()) for name in ("Big", "Small")
    )
    boss = User.objects.create_superuser("boss")
    Membership.objects.create(user=boss, organization=big, role="editor")
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [small.pk, MANY])
        cursor.execute(INSERT, [big.pk, IMAGES])
        used = Image.objects.order_by("pk")[MANY]
        kind = ContentType.objects.get_for_model(Product).pk
        cursor.execute(ATTACH, [kind, used.pk, MANY])
        for table in ("polyimages_image", "polyimages_polymorphicimagerelation"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(boss)
    return client, small, used


def measure(name: str, call) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with CaptureQueriesContext(connection) as queries:
        start = time.perf_counter()
        answer = call()
        seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = len(answer.content) / 1000
    print(
        f"| {name} ({answer.status_code}) | {seconds:.2f} | {len(queries)} | {size:.0f} | {grown:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
