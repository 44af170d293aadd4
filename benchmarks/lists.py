"""What lists of images cost: URLs, the HTTP API and the pages of the admin.

    .venv/bin/python benchmarks/lists.py [--rounds 15] [--json] > benchmarks/results/lists.md

On SQLite in memory, or on the database of ``DATABASE_URL``. A list has 100 images with 4 versions,
a page of the admin has 200. No request is sent to S3. All rows of the table are run in turn, in
another order each round, after a run that is not counted; the figures are medians, of the CPU time
and the wall time of this process. A ratio is the median of the ratios to the row named beside it,
in the same round. On a busy machine, only CPU times and ratios are reliable.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

FOLDER = tempfile.TemporaryDirectory()
os.environ["MEDIA_ROOT"] = FOLDER.name + "/media"
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")

from example import others  # must come first: it sets up Django

from botocore.credentials import RefreshableCredentials
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.storage import get_storage
from django_polyimages.storage.s3 import s3_storage
from organizations.models import Membership, Organization
from tests.drawing import photo

LISTED, SHOWN, FEW = 100, 200, 20
DISK = "URLs, local disk"
BARE = "the query, bare `url()` calls and JSON"
SIGNED, PUBLIC = "URLs, S3, signed", "URLs, S3, public"
API, LIBRARY = "/api/v1/images/orgs/{}/images/", "/admin/polyimages/image/"
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "secret", "region": "eu-central-1"}
TEMPORARY = {
    "access_key": "ASIAEXAMPLE",
    "secret_key": "secret",
    "token": "FwoGZXIvYXdzE" * 40,  # as long as those of AWS may be
    "expiry_time": (datetime.now(UTC) + timedelta(hours=5)).isoformat(),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of the table."""

    name: str
    run: Callable[[], object]
    storage: dict[str, Any] = field(default_factory=dict)
    """The entry of ``STORAGES``; the local disk without one."""
    beside: str = ""
    """The row that it is compared with."""
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    cpu_ms: float
    wall_ms: float
    queries: int
    ratio: float | None
    beside: str


class Site:
    """An organization with as many images as a list has, all of them on one object."""

    def __init__(self, number: int) -> None:
        self.number, self.slug = number, f"org{number}"
        organization = Organization.objects.create(name=self.slug, slug=self.slug)
        user = User.objects.create_superuser(f"boss{number}")
        Membership.objects.create(user=user, organization=organization, role="editor")
        file = SimpleUploadedFile("photo.jpg", photo(), "image/jpeg")
        first = Image.objects.upload(file, organization=organization, creator=user)
        rows = [_copy(first, f"{number:016x}{row:016x}") for row in range(1, number)]
        Image.objects.bulk_create(rows)
        self.contact = Contact.objects.create(name="Contact", organization=organization)
        self.contact.images.attach_many(list(self.images))
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(user)

    @property
    def images(self) -> QuerySet[Image]:
        return Image.objects.filter(organization=self.contact.organization_id)

    def get(self, path: str) -> Callable[[], object]:
        def call() -> None:
            response = self.client.get(path)
            assert response.status_code == 200, (path, response.status_code)

        return call

    def api(self) -> Callable[[], object]:
        return self.get(API.format(self.slug))

    def api_of_object(self) -> Callable[[], object]:
        return self.get(f"{API.format(self.slug)}contacts/contact/{self.contact.pk}/")

    def inline(self) -> Callable[[], object]:
        return self.get(f"/admin/contacts/contact/{self.contact.pk}/change/")

    def library(self, path: str) -> Callable[[], object]:
        return self.get(f"{LIBRARY}{path}={self.contact.organization_id}")

    def urls(self) -> str:
        """The URLs of all versions, as the package gives them."""
        return json.dumps([one.url for row in self.images for one in row.versions.values()])

    def bare(self, rows: Callable[[QuerySet[Image]], Any]) -> Callable[[], str]:
        """``rows`` reads the images; the keys are known, so there is nothing else to do."""
        keys = [one.key for row in self.images for one in row.versions.values()]

        def call() -> str:
            assert len(rows(self.images)) * 4 == len(keys)
            storage = get_storage()
            return json.dumps([storage.url(key) for key in keys])

        return call


def _copy(image: Image, random_part: str) -> Image:
    """Another image with the same properties and keys of its own."""
    values = {one.attname: getattr(image, one.attname) for one in Image._meta.concrete_fields}
    stem = f"images/img_{random_part}"
    versions = {
        name: {**version, "key": f"{stem}_{name}.webp"} for name, version in image.versions.items()
    }
    return Image(**values | {"id": None, "file": f"{stem}.jpg", "versions": versions})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    busy = others()
    results = measure(cells(), options.rounds)
    if options.json:
        print("\n".join(json.dumps(asdict(one)) for one in results))
        return
    vendor = connection.vendor
    print(f"{vendor}, {busy}; medians of {options.rounds} rounds.\n")
    print("| list | CPU ms | wall ms | queries | ratio |\n|---|---|---|---|---|")
    for one in results:
        ratio = f"{one.ratio:.2f} x {one.beside}" if one.ratio else ""
        print(f"| {one.name} | {one.cpu_ms:.1f} | {one.wall_ms:.1f} | {one.queries} | {ratio} |")


def cells() -> list[Cell]:
    listed, shown, few = Site(LISTED), Site(SHOWN), Site(FEW)
    public = s3_storage("photos", **KEYS, public_url="https://images.example.com")
    signed = s3_storage("photos", **KEYS)
    whole, columns = list, lambda images: list(images.values_list("versions"))
    pages: list[tuple[str, Callable[[Site], Callable[[], object]]]] = [
        ("admin, list", lambda site: site.library("?organization__id__exact")),
        (
            "admin, list, all on one page",
            lambda site: site.library("?all=&organization__id__exact"),
        ),
        ("admin, inline", Site.inline),
        ("admin, library", lambda site: site.library("library/?organization")),
    ]
    return [
        Cell(BARE, listed.bare(whole)),
        Cell(f"{BARE}, but of two columns", listed.bare(columns), beside=BARE),
        Cell(DISK, listed.urls, beside=BARE),
        Cell(PUBLIC, listed.urls, public, beside=DISK),
        Cell(SIGNED, listed.urls, signed, beside=PUBLIC),
        Cell(f"{SIGNED} with temporary credentials", listed.urls, signed, PUBLIC, become_temporary),
        Cell("URLs, S3, signed by boto3", listed.bare(whole), signed, beside=SIGNED),
        Cell("API, list", listed.api(), beside=BARE),
        Cell("API, list, S3, signed", listed.api(), signed, "API, list"),
        Cell("API, list of an object", listed.api_of_object(), beside="API, list"),
        *(
            Cell(f"{name}, {site.number} images", page(site))
            for name, page in pages
            for site in (few, shown)
        ),
    ]


def become_temporary() -> None:
    """Let the connection sign with credentials that expire, as the role of a machine has them."""
    client: Any = get_storage().connection.meta.client
    client._request_signer._credentials = RefreshableCredentials.create_from_metadata(
        TEMPORARY, lambda: TEMPORARY, "benchmark"
    )


def measure(cells: list[Cell], rounds: int) -> list[Result]:
    cpu: dict[str, list[float]] = {cell.name: [] for cell in cells}
    wall: dict[str, list[float]] = {cell.name: [] for cell in cells}
    queries: dict[str, int] = {}
    for _round in range(rounds):
        for cell in random.sample(cells, len(cells)):
            with stored_in(cell.storage):
                cell.prepare()
                with CaptureQueriesContext(connection) as made:
                    cell.run()
                assert queries.setdefault(cell.name, len(made)) == len(made), cell.name
                began, began_cpu = time.perf_counter(), time.process_time()
                cell.run()
                cpu[cell.name].append(1000 * (time.process_time() - began_cpu))
                wall[cell.name].append(1000 * (time.perf_counter() - began))
    return [
        Result(
            cell.name,
            statistics.median(cpu[cell.name]),
            statistics.median(wall[cell.name]),
            queries[cell.name],
            _ratio(cpu[cell.name], cpu[cell.beside]) if cell.beside else None,
            cell.beside,
        )
        for cell in cells
    ]


def _ratio(own: list[float], other: list[float]) -> float:
    return statistics.median(one / two for one, two in zip(own, other, strict=True))


@contextmanager
def stored_in(entry: dict[str, Any]) -> Iterator[None]:
    """The files are in this storage, originals too, whose URLs are signed then."""
    if not entry:
        yield
        return
    storages = settings.STORAGES | {"polyimages": entry}
    own = settings.POLYIMAGES | {"ORIGINAL_STORAGE": None}
    with override_settings(STORAGES=storages, POLYIMAGES=own):
        yield


if __name__ == "__main__":
    main()
