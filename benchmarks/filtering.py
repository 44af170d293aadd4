"""Filters, excludes and counts objects by their images, and loads images, with 1,000,000 relations.

    .ci/database postgres .venv/bin/python benchmarks/filtering.py > benchmarks/results/filtering.md

Prints medians and PostgreSQL's query plans.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from example import explain, server_version  # must come first: it sets up Django

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import prefetch_images
from organizations.models import Organization

HOSTS, EACH, IMAGES, ROUNDS = 100_000, 5, 200_000, 15
FILL = [
    """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, created_at,
    updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y, dominant_color,
    placeholder, versions, status, failure_reason)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', {organization}, now(), now(),
    4032, 3024, 3000000, 'image/jpeg', md5(n::text), 0.5, 0.5, '', '', '{{}}', 'ready', ''
FROM generate_series(1, {images}) AS n""",
    """
INSERT INTO contacts_contact (organization_id, name)
SELECT {organization}, 'Contact ' || n FROM generate_series(1, {hosts}) AS n""",
    """
INSERT INTO catalog_product (id, organization_id, name)
SELECT gen_random_uuid(), {organization}, 'Product ' || n FROM generate_series(1, {hosts}) AS n""",
    # One object in five has a cover.
    *(
        """
INSERT INTO polyimages_polymorphicimagerelation (content_type_id, object_id, image_id, is_cover,
    "order", custom_title, custom_alt_text, custom_description)
SELECT {MODEL}, host.id::text, first + (host.row * {each} + n) % {images},
    n = 0 AND host.row % 5 = 0, CASE WHEN n < 3 THEN n END, '', '', ''
FROM (SELECT id, row_number() OVER () AS row FROM TABLE) AS host,
    generate_series(0, {each} - 1) AS n, (SELECT min(id) AS first FROM polyimages_image) AS images
""".replace("MODEL", model).replace("TABLE", table)
        for model, table in (("contact", "contacts_contact"), ("product", "catalog_product"))
    ),
    "VACUUM ANALYZE",
]


def main() -> None:
    call_command("migrate", verbosity=0)
    fill()
    contacts, products = Contact.objects.order_by("pk"), Product.objects.order_by("pk")
    some = [*contacts[1000:1050], *products[1000:1050]]
    queries: dict[str, Callable[[], object]] = {
        "`Product.objects.filter(images__is_cover=True)[:100]`": lambda: list(
            Product.objects.filter(images__is_cover=True)[:100]
        ),
        '`Contact.objects.order_by("pk").with_cover()[:100]`': lambda: list(
            contacts.with_cover()[:100]
        ),
        '`Product.objects.order_by("pk").with_cover()[:100]`': lambda: list(
            products.with_cover()[:100]
        ),
        '`Product.objects.order_by("pk").exclude(images__is_cover=True)[:100]`': lambda: list(
            products.exclude(images__is_cover=True)[:100]
        ),
        '`Contact.objects.filter(pk__in=hundred).annotate(Count("images"))`': lambda: list(
            Contact.objects.filter(pk__in=range(1000, 1100)).annotate(Count("images"))
        ),
        "`prefetch_images(hundred)`, of two models": lambda: prefetch_images(some),
        "`prefetch_images(hundred, cover_only=True)`": lambda: prefetch_images(
            some, cover_only=True
        ),
    }
    measured = {name: measure(query) for name, query in queries.items()}
    print(HEAD.format(relations=2 * HOSTS * EACH, each=EACH, version=server_version(), r=ROUNDS))
    print("| query | total | PostgreSQL |\n|---|---|---|")
    for name, (whole, select, _sql) in measured.items():
        print(f"| {name} | {whole:.1f} ms | {select:.1f} ms |")
    for name, (_whole, _select, sql) in measured.items():
        print(f"\n## EXPLAIN, {name}\n\n```text\n{explain(sql)}\n```")


HEAD = """# Filtering by images

Measured by `benchmarks/filtering.py`: {relations:,} relations in one table, half of them to contacts (integer keys) and half to
products (UUIDs), {each} per object, and one object in five with a cover; {version}, medians of {r} runs.

`images` joins `object_id` with the primary key of the object, converted to text. PostgreSQL can therefore use the index on content type and
`object_id` (`polyimages__content_..._idx`) or, for covers, the smaller index that contains only covers (`..._cover`).

Django's own `GenericRelation` compares `object_id` with the primary key as the database stores it. On PostgreSQL `exclude()` then
fails (`operator does not exist: character varying = bigint`), and `filter()` casts `object_id`, so it uses no index and fails for an
`object_id` that is not a number (`invalid input syntax for type bigint: "x"`). On SQLite it never finds a UUID, and `exclude()` excludes nothing.
"""


def fill() -> None:
    organization = Organization.objects.create(name="Big", slug="big")
    values = {
        "organization": organization.pk,
        "images": IMAGES,
        "hosts": HOSTS,
        "each": EACH,
        "contact": ContentType.objects.get_for_model(Contact).pk,
        "product": ContentType.objects.get_for_model(Product).pk,
    }
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(**values))


def measure(query: Callable[[], object]) -> tuple[float, float, str]:
    """The milliseconds of the call and of its only SELECT; and the SQL of the SELECT."""
    wholes, selects = [], []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as queries:
            start = time.perf_counter()
            query()
            wholes.append((time.perf_counter() - start) * 1000)
        [select] = queries.captured_queries
        selects.append(float(select["time"]) * 1000)
    return statistics.median(wholes), statistics.median(selects), select["sql"]


if __name__ == "__main__":
    main()
