"""Workers are killed again and again while they generate versions.

A campaign: ``POLYIMAGES_KILLS=50 POLYIMAGES_SEED=1 pytest -s tests/engines -k killed_workers``
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from signal import SIGKILL
from subprocess import Popen
from typing import Any

from tests.engines.site import Row, Site, Web, children, kill

KILLS = int(os.environ.get("POLYIMAGES_KILLS", "2"))
SEED = int(os.environ.get("POLYIMAGES_SEED", "1"))
Kill = Callable[["Popen[bytes]"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What became of the images."""

    rows: list[Row]
    kills: int
    """How many kills there were; those that met no image at work were repeated."""
    ready: int
    """How many images were ready before the daily command."""
    seconds: float


def campaign(site: Site, picture: str, killing: Kill, *, kills: int, seed: int) -> Campaign:
    """Upload images and kill who works on them, until ``kills`` have met an image at work."""
    begun, chance, met, number = time.monotonic(), random.Random(seed), 0, 0
    with site.web() as web, ExitStack() as workers:
        worker = workers.enter_context(site.worker())
        work = seconds_of_work(site, web, picture)
        while met < kills:
            number += 1
            assert number <= 10 + 4 * kills, f"Only {met} of {number} kills met an image at work."
            if worker.poll() is not None:
                worker = workers.enter_context(site.worker())
            pk = web.ask("upload", picture)[-1]["id"]
            site.wait(partial(is_claimed, site, pk))
            time.sleep(chance.uniform(0, work))
            killing(worker)
            met += state(site, pk)[0] == "pending"
        workers.close()
        ready = sum(row["status"] == "ready" for row in web.rows())
        daily(site)
        seconds = time.monotonic() - begun
        return Campaign(rows=web.rows(), kills=number, ready=ready, seconds=seconds)


def seconds_of_work(site: Site, web: Web, picture: str) -> float:
    """How long a worker works on an image from the claim on, when nothing is killed."""
    [row] = web.ask("upload", picture)
    site.wait(lambda: is_claimed(site, row["id"]))
    begun = time.monotonic()
    site.wait(lambda: state(site, row["id"])[0] == "ready")
    return time.monotonic() - begun


def daily(site: Site) -> None:
    """The daily command, when the claims of killed workers have ended."""
    with rows(site) as cursor:  # they take a quarter of an hour, and no test waits so long
        cursor.execute(
            "UPDATE polyimages_image SET next_attempt_at = '2020-01-01 00:00:00' "
            "WHERE status = 'pending'"
        )
    site.manage("polyimages_maintain", "--grace", "0", "--verbosity", "0")


def everything(worker: Popen[bytes]) -> None:
    """Kill the worker with all of its children."""
    kill(worker)


def only_children(worker: Popen[bytes]) -> None:
    """Kill the processes that the worker has started for its work, and not the worker."""
    for pid in children(worker):
        with suppress(ProcessLookupError):
            os.kill(pid, SIGKILL)


def is_claimed(site: Site, pk: int) -> bool:
    """Whether a worker has claimed the image, or is done with it."""
    return state(site, pk) != ("pending", 0)


def state(site: Site, pk: int) -> Any:
    """Status and attempts of the image."""
    with rows(site) as cursor:
        query = "SELECT status, attempts FROM polyimages_image WHERE id = ?"
        return cursor.execute(query, [pk]).fetchone()


@contextmanager
def rows(site: Site) -> Iterator[sqlite3.Cursor]:
    """The database without Django, since nothing of the package may be asked here."""
    path = site.folder / "db.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        yield connection.cursor()
