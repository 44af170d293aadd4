"""Measures time and peak memory of an audit of many files.

    .ci/database postgres .venv/bin/python benchmarks/audit.py > benchmarks/results/audit.md

Each size runs in a process of its own, on a storage that makes up its list: the time that the
storage needs is not measured (on S3, a request for 1,000 files). Every image has an original and
four versions. Of every 400th one a version is missing, and there is an orphan in its place.
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from example import server_version  # must come first: it sets up Django

from django.core.files.storage import Storage
from django.core.management import call_command
from django.db import connection

from django_polyimages.conf import get_settings
from django_polyimages.models import Image
from django_polyimages.operations.audit import AuditPlan, audit, images, orphans, run
from django_polyimages.storage.listing import StoredFile
from organizations.models import Organization

SIZES = (0, 10_000, 1_000_000)
"""How many files."""
FILES_PER_IMAGE = 5
MIB = 1024
OLD = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = "jsonb_build_object('key', 'images/img_' || md5(n::text) || '_{0}.webp', 'width', 160, 'height', 120, 'bytes', 4000, 'digest', '{1}', 'media_type', 'image/webp')"
INSERT = """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, created_at,
    updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y,
    dominant_color, placeholder, versions, status, failure_reason)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', %s,
    now(), now(), 4032, 3024, 3000000, 'image/jpeg', md5(n::text), 0.5, 0.5, '', '',
    jsonb_build_object({versions}), 'ready', ''
FROM generate_series(1, %s) AS n
"""


def prepare(rows: int) -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE polyimages_image CASCADE")
        organization, _new = Organization.objects.get_or_create(name="Acme", slug="acme")
        versions = ", ".join(
            f"'{spec.name}', {VERSION.format(spec.name, spec.digest)}"
            for spec in get_settings().versions
        )
        cursor.execute(INSERT.format(versions=versions), [organization.pk, rows])


def listing(_backend: Storage, _prefix: str) -> Iterator[StoredFile]:
    """The files of all rows; of every 400th one the thumb is missing, and there is an orphan."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0), COALESCE(MIN(id), 0) FROM polyimages_image")
        last, first = cursor.fetchone()
    names = [spec.name for spec in get_settings().versions]
    for number in range(1, last - first + 2 if last else 1):
        stem = f"images/img_{md5(number)}"
        yield StoredFile(f"{stem}.jpg", 3_000_000, OLD)
        for name in names:
            if name == "thumb" and not number % 400:
                yield StoredFile(f"images/img_{md5(-number)}_thumb.webp", 4000, OLD)
            else:
                yield StoredFile(f"{stem}_{name}.webp", 4000, OLD)


def md5(number: int) -> str:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def measure() -> None:
    run.list_files = listing
    orphans.sizes_of = lambda _key: {4000}
    images.sizes_of = lambda _key: set()
    started, cpu = time.perf_counter(), time.process_time()
    kinds = Counter(finding.kind for finding in audit(AuditPlan()))
    spent, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    found = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "nothing"
    rows = Image.objects.count()
    print(
        f"| {rows * FILES_PER_IMAGE:,} | {rows:,} | {spent:.1f} s | {cpu:.1f} s | {peak:.0f} MiB | {found} |"
    )


def main() -> None:
    print(f"Python {sys.version.split()[0]}, {server_version()}\n")
    print("| files | rows | time | CPU time | peak memory | found |")
    print("|---|---|---|---|---|---|", flush=True)
    for size in SIZES:
        prepare(size // FILES_PER_IMAGE)
        subprocess.run([sys.executable, __file__, "measure"], check=True)


if __name__ == "__main__":
    measure() if sys.argv[1:] else main()
