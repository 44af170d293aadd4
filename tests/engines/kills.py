"""Workers are killed again and again while they generate versions, until all images are done."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.engines.site import Site, kill

LARGE = ("4000", "3000")
"""Width and height of the pictures, in pixels."""
LONGEST_WORK = 0.8
"""Seconds after a worker has claimed an image, within which it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What became of the images."""

    kills: int
    in_time: int
    """How many kills met an image that was claimed and not ready."""
    ready_before: int
    """How many images were ready before the daily command."""
    images: list[dict[str, Any]]
    files: list[str]


def campaign(site: Site, kills: int, seed: int) -> Campaign:
    """Upload an image and kill the worker that has claimed it, ``kills`` times."""
    chance, in_time = random.Random(seed), 0
    for number in range(1, kills + 1):
        with (
            site.worker() as worker,
            site.start("-m", "tests.engines.uploads", "1", *LARGE) as upload,
        ):
            pk = wait_for_claim(site, number)
            time.sleep(chance.uniform(0, LONGEST_WORK))
            kill(worker)
            upload.wait(60)
        in_time += row(site, pk)[0] == "pending"
    ready = sum(image["status"] == "ready" for image in site.images())
    # The claims of killed workers end after a quarter of an hour, and no test waits so long.
    with database(site) as cursor:
        cursor.execute("UPDATE polyimages_image SET next_attempt_at = '2020-01-01 00:00:00'")
    site.manage("polyimages_maintain", "--grace", "0", "--verbosity", "0")
    return Campaign(
        kills=kills, in_time=in_time, ready_before=ready, images=site.images(), files=site.files()
    )


def wait_for_claim(site: Site, pk: int, seconds: float = 60) -> int:
    """Wait until a worker has claimed the image, or is done with it."""
    end = time.monotonic() + seconds
    while row(site, pk) in (None, ("pending", 0)):
        assert time.monotonic() < end, (site.folder / "worker.log").read_text()
        time.sleep(0.01)
    return pk


def row(site: Site, pk: int) -> Any:
    """Status and attempts of the image."""
    with database(site) as cursor:
        query = "SELECT status, attempts FROM polyimages_image WHERE id = ?"
        return cursor.execute(query, [pk]).fetchone()


@contextmanager
def database(site: Site) -> Iterator[sqlite3.Cursor]:
    """The database without Django, since nothing of the package may be asked here."""
    path = site.folder / "db.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        yield connection.cursor()


KILLS = int(os.environ.get("POLYIMAGES_KILLS", "2"))
SEED = int(os.environ.get("POLYIMAGES_SEED", "1"))
