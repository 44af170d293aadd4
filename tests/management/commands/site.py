"""A site with a database and folders of its own, on which commands run as processes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

PROJECT = Path(__file__).parent.parent.parent.parent
LONG = 120
"""Seconds after which a process has failed; none takes so long."""


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "db.sqlite3"
        self.url = f"sqlite:///{self.database}"
        if connection.vendor != "sqlite":
            name = connection.settings_dict["NAME"]
            self.url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()

    def copy_rows(self) -> None:
        """Take over the rows of the tests, if their database is in memory."""
        if connection.vendor != "sqlite":
            return
        with sqlite3.connect(self.database) as copy:
            connection.connection.backup(copy)
        copy.close()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        paths = (PROJECT / "src", PROJECT / "example_project", PROJECT)
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.url,
            "MEDIA_ROOT": str(self.folder / "media"),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        }
        command = [sys.executable, "-W", "error", "-m", "django", *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> str:
        return finish(self.start(*arguments))

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        database = sqlite3.connect(self.database, timeout=LONG)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def ready(self) -> int:
        [[number]] = self.select("SELECT COUNT(*) FROM polyimages_image WHERE status = 'ready'")
        return number

    def files(self) -> dict[str, int]:
        """The sizes of all files by their key."""
        found: dict[str, int] = {}
        for place in ("media", "originals"):
            for path in (self.folder / place).rglob("*.*"):
                found[str(path.relative_to(self.folder / place))] = path.stat().st_size
        return found

    def recorded(self) -> dict[str, int]:
        """The sizes of all files by their key, as the rows say; every image has all versions."""
        found: dict[str, int] = {}
        sql = "SELECT file, byte_size, versions, status FROM polyimages_image"
        for key, size, versions, status in self.select(sql):
            assert status == "ready"
            records = json.loads(versions)
            assert set(records) == {"thumb", "sm", "md", "lg"}
            found |= {key: size} | {one["key"]: one["bytes"] for one in records.values()}
        return found


def finish(process: subprocess.Popen[str]) -> str:
    """What it has printed; it has to be a success."""
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, out + err
    return out


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)
