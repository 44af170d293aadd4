"""For sites whose settings change late: a database of their own, and a process for each step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

PROJECT = Path(__file__).parent.parent


@contextmanager
def new_database(name: str, folder: Path) -> Iterator[str]:
    """Its URL; it is on the database server of the tests if there is one, else in ``folder``."""
    server = os.environ.get("DATABASE_URL", "")
    if not server or server.startswith("sqlite"):
        yield f"sqlite:///{folder}/late.sqlite3"
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")  # left by a run that was killed
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")


def run_step(
    *arguments: str, folder: Path, error: str = "", paths: Sequence[str] = (), **environment: str
) -> str:
    """What ``python -m`` prints; it has to fail and to print ``error``, if that is given."""
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    places = [*paths, str(PROJECT), str(PROJECT / "example_project"), *inherited]
    own = {"MEDIA_ROOT": str(folder / "media"), "PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", *arguments],
        cwd=folder,
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
    )
    assert bool(done.returncode) == bool(error), done.stdout + done.stderr
    assert error in done.stderr
    return done.stdout
