"""A real S3 server behind a proxy that fails writes: what is answered, what is left, what mends it.

The long form, with a table of figures: ``make faults``, or
``FAULTS=500 SEED=1 .ci/database postgres .venv/bin/pytest tests/faults/test_storage_faults.py``.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from typing import Any

import psycopg
import pytest
from django.db import connection

from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.pipeline import threads
from django_polyimages.specs import DEFAULT_VERSIONS, VersionSpec
from django_polyimages.storage.s3 import s3_storage
from tests import seaweedfs
from tests.faults.auditor import Auditor
from tests.faults.storage_proxy import EVERYTHING, Fault, Proxy, fault_proxy
from tests.faults.trials import Figures, Trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "other"]),
]
FAULTS = int(os.environ.get("FAULTS", "0"))
"""How many trials the long form has; 0 is the short form."""
SEED = int(os.environ.get("SEED", "1"))
SECONDS = 3 if FAULTS else 1
"""``STORAGE_TIMEOUT`` in these tests."""
MARGIN = 12.0
"""How many seconds anything but waiting for the storage may take, on a busy machine."""
LONGEST_TRANSACTION = 1.0
SQUARE = (200, 200)
RATES = [0.01, 0.1, 0.3]
HEAD = """
| fault, rate, options | trials | writes | faults | answers | seconds | noted | failed | broken |
|---|---|---|---|---|---|---|---|---|"""


def recommended(bucket: str, url: str) -> dict[str, Any]:
    keys = {"access_key": seaweedfs.ACCESS_KEY, "secret_key": seaweedfs.SECRET_KEY}
    return s3_storage(bucket, endpoint_url=url, region="us-east-1", **keys)


def defaults_of_django_storages(bucket: str, url: str) -> dict[str, Any]:
    options = {
        "bucket_name": bucket,
        "endpoint_url": url,
        "access_key": seaweedfs.ACCESS_KEY,
        "secret_key": seaweedfs.SECRET_KEY,
        "region_name": "us-east-1",
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


OPTIONS = [recommended, defaults_of_django_storages]


@pytest.fixture
def proxy(server) -> Iterator[Proxy]:
    with fault_proxy(server.http, seed=SEED) as proxy:
        proxy.seconds_a_byte = 2 * SECONDS / 200  # a reply has at least 200 bytes
        yield proxy


@pytest.fixture
def trials(proxy, bucket, client_of_auditor, client, contact, settings) -> Iterator[Callable]:
    """Trials with one of ``OPTIONS``, which have four images to begin with."""
    crops = VersionSpec("square", *SQUARE, mode="fill")
    settings.POLYIMAGES = settings.POLYIMAGES | {
        "STORAGE_TIMEOUT": SECONDS,
        "VERSIONS": [*DEFAULT_VERSIONS, crops],
    }
    auditor = Auditor(client_of_auditor, bucket, connection, crops={"square": SQUARE})
    clients = []

    def begin(
        options: Callable[[str, str], dict[str, Any]] = recommended, cell: str = ""
    ) -> Trials:
        settings.STORAGES = settings.STORAGES | {"polyimages": options(bucket, proxy.url)}
        clients.append(storage.get_storage().bucket.meta.client)
        Image.objects.all().delete()
        trials = Trials(client, contact, auditor, proxy, random.Random(f"{SEED} {cell}"))
        for _image in range(4):
            trials.upload()
        return trials

    yield begin
    proxy.calm()
    proxy.give_up_silence()
    threads._forget()  # the next test must not wait for threads that still wait for the storage
    for one in clients:
        one.close()


@contextmanager
def transactions(figures: Figures) -> Iterator[None]:
    """Adds those that are open for too long to what is broken; asks PostgreSQL all the time. Only
    in the long form: a busy machine may delay anything for a second.
    """
    if not FAULTS or connection.vendor != "postgresql":
        yield
        return
    end, longest = threading.Event(), [0.0]
    settings = connection.get_connection_params()
    wanted = {name: settings[name] for name in ("host", "port", "user", "password", "dbname")}

    def watch() -> None:
        with closing(psycopg.connect(**wanted, autocommit=True)) as database:
            while not end.wait(0.05):
                row = database.execute(
                    "SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) "
                    "FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                ).fetchone()
                longest[0] = max(longest[0], float((row and row[0]) or 0))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    if longest[0] > LONGEST_TRANSACTION:
        figures.broken.append(f"{figures.name}: a transaction was open for {longest[0]:.1f} s")


@contextmanager
def trying(trials: Trials, figures: Figures) -> Iterator[None]:
    """Actions; then the storage works again, and everything is repaired."""
    with transactions(figures):
        yield
    trials.repair(figures)
    if figures.slowest > SECONDS + MARGIN:
        figures.broken.append(f"{figures.name}: an action took {figures.slowest:.1f} s")


@pytest.mark.skipif(FAULTS > 0, reason="the long form has these, too")
@pytest.mark.parametrize("options", OPTIONS)
def test_nothing_is_lost_or_left_behind(trials, proxy, options):
    begun = trials(options)
    figures = Figures(options.__name__)
    proxy.fail(list(Fault), 0.3)
    with trying(begun, figures):
        begun.run(figures, len(begun.actions) if options is recommended else 4)
    assert figures.broken == []
    assert figures.faults > 0


def test_a_storage_that_comes_back_has_everything_after_the_repair(trials, proxy):
    begun = trials()
    figures = Figures("down")
    end = time.monotonic() + (30 if FAULTS else 0)
    proxy.fail([Fault.ERROR_503, Fault.RESET_BEFORE], methods=EVERYTHING)
    with trying(begun, figures):
        for action in (begun.upload, begun.bulk_delete, begun.regenerate):
            begun.do(figures, action)
        while time.monotonic() < end:
            begun.run(figures, len(begun.actions))
    assert figures.broken == []
    assert figures.answers["503"] > 0
    assert figures.answers["failed"] > 0


def test_what_is_stored_and_cannot_be_deleted_is_written_down(trials, proxy):
    begun = trials()
    figures = Figures("stuck")
    proxy.fail([Fault.STUCK])
    with trying(begun, figures):
        begun.do(figures, begun.upload_in_python)
    assert figures.answers["503"] == 1
    assert figures.noted > 0
    assert figures.broken == []


def test_half_of_the_deletions_fail(trials, proxy):
    begun = trials()
    figures = Figures("deletions")
    for _image in range(FAULTS // 2):
        begun.upload()
    proxy.fail([Fault.ERROR_500, Fault.REFUSED_IN_BATCH], 0.5, methods={"DELETE", "POST"})
    with trying(begun, figures):
        for _image in range(FAULTS // 10):
            begun.do(figures, begun.delete)
            begun.do(figures, begun.bulk_delete)
        begun.do(figures, begun.delete)
        begun.do(figures, begun.delete_in_python)
    assert figures.broken == []


@pytest.mark.skipif(not FAULTS, reason="the long form, of make faults")
def test_many_faults(trials, proxy, capsys):
    cells = list(product(OPTIONS, Fault, RATES))
    all_figures: list[Figures] = []
    with capsys.disabled():
        print(HEAD)  # noqa: T201
    for options, fault, rate in cells:
        figures = Figures(f"{fault}, {rate:.0%}, {options.__name__}")
        begun = trials(options, figures.name)
        proxy.writes = 0
        proxy.met.clear()
        proxy.fail([fault], rate)
        with trying(begun, figures):
            begun.run(figures, -(-FAULTS // len(cells)))
        all_figures.append(figures)
        with capsys.disabled():
            print(line(figures), flush=True)  # noqa: T201
    trials_done, faults = sum(f.trials for f in all_figures), sum(f.faults for f in all_figures)
    with capsys.disabled():
        summary = f"Seed {SEED}, {connection.vendor}: {trials_done} trials, {faults} faults."
        print(summary)  # noqa: T201
    assert [broken for one in all_figures for broken in one.broken] == []


def line(one: Figures) -> str:
    """Of a table in Markdown, below ``HEAD``."""
    answers = ", ".join(f"{count} x {name}" for name, count in sorted(one.answers.items()))
    return (
        f"| {one.name} | {one.trials} | {one.writes} | {one.faults} | {answers} | "
        f"{one.slowest:.1f} | {one.noted} | {one.failed} | {len(one.broken)} |"
    )
