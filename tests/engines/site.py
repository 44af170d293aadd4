"""The example project in processes of its own: one is the site, others are workers of an engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.engines import ENGINES

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "example_project"
SECONDS = 120.0
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """The example with a database and folders of its own."""

    engine: str
    folder: Path
    environment: dict[str, str]

    @classmethod
    def create(cls, engine: str, folder: Path, **environment: str) -> Site:
        """A site with empty tables. ``environment`` may name another ``DATABASE_URL`` and a
        ``REDIS_URL``.
        """
        site = cls.of(engine, folder, **environment)
        site.manage("migrate", "--verbosity", "0")
        return site

    @classmethod
    def of(cls, engine: str, folder: Path, **environment: str) -> Site:
        """A site whose database is already there."""
        own = {
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "POLYIMAGES_ENGINE": engine,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", PROJECT, ROOT))),
            "PYTHONWARNINGS": "ignore",  # those of the engines are no fault of this package
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        return cls(engine, folder, os.environ | own | environment)

    def manage(self, *arguments: str) -> str:
        """The output of a command of ``manage.py``."""
        done = subprocess.run(
            [sys.executable, "example_project/manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> list[str]:
        """The names of all files in both storages, sorted."""
        folders = (self.folder / "media" / "images", self.folder / "originals" / "images")
        return sorted(path.name for one in folders if one.exists() for path in one.iterdir())

    @contextmanager
    def web(self) -> Iterator[Web]:
        """A process that uploads, as those of a web server do."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engines.web"],
            cwd=ROOT, env=self.environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        with process:
            yield Web(self, process)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes] | None]:
        """A worker; none without an engine. It is killed after the block."""
        command = ENGINES[self.engine].worker
        if not command:
            yield None
            return
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT, env=self.environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                kill(process)

    @property
    def log(self) -> Path:
        """What the workers have written."""
        return self.folder / "worker.log"

    def wait(self, until: Callable[[], object]) -> None:
        """Wait until ``until`` returns something that is true; what workers wrote is shown if that
        does not happen.
        """
        end = time.monotonic() + SECONDS
        while not until():
            assert time.monotonic() < end, self.log.read_text() if self.log.exists() else "late"
            time.sleep(0.02)


class Web:
    """A process of the site. Its methods return all rows as they are then."""

    def __init__(self, site: Site, process: subprocess.Popen[str]) -> None:
        self._site, self._process = site, process

    def ask(self, command: str, *arguments: object) -> list[Row]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{command}: the process ended with {self._process.wait()}"
        rows: list[Row] = json.loads(answer)
        return rows

    def rows(self) -> list[Row]:
        return self.ask("look")

    def when_ready(self) -> list[Row]:
        """The rows, when none of them is pending, and every file is that of a row."""
        self._site.wait(self._is_settled)
        return self.rows()

    def _is_settled(self) -> bool:
        rows = self.rows()
        is_pending = any(row["status"] == "pending" for row in rows)
        return not is_pending and self._site.files() == files_of(rows)


def files_of(rows: list[Row]) -> list[str]:
    """The names of the files that these rows have, sorted."""
    return sorted(key.removeprefix("images/") for row in rows for key in row["keys"])


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its children with SIGKILL. It is stopped first and so starts no others."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGSTOP)
    for pid in [*children(process), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def children(process: subprocess.Popen[bytes]) -> dict[int, str]:
    """The processes that this one has started, and those that they have: number and command."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for line in table.stdout.splitlines():
        pid, parent, command = line.split(maxsplit=2)
        parents[int(pid)], commands[int(pid)] = int(parent), command
    found = {process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: commands[pid] for pid in found - {process.pid}}
