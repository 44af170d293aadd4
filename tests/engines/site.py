"""The example project in processes of its own: one uploads, others are the workers of an engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.engines import ENGINES

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "example_project"
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """The example with a database and folders of its own."""

    engine: str
    folder: Path
    environment: dict[str, str]

    @classmethod
    def create(cls, engine: str, folder: Path, **environment: str) -> Site:
        """``environment`` may name another ``DATABASE_URL`` and a ``REDIS_URL``."""
        own = {
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "POLYIMAGES_ENGINE": engine,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", PROJECT, ROOT))),
            "PYTHONWARNINGS": "ignore",  # those of the engines are not ours
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        site = cls(engine, folder, os.environ | own | environment)
        site.manage("migrate", "--verbosity", "0")
        return site

    def manage(self, *arguments: str) -> str:
        """The output of a command of ``manage.py``."""
        return self._run("example_project/manage.py", *arguments)

    def upload(self, count: int = 1) -> list[dict[str, Any]]:
        """Upload pictures in a process that ends then, and return the rows that it leaves."""
        lines = self._run("-m", "tests.engines.uploads", str(count)).splitlines()
        return [json.loads(line) for line in lines]

    def start(self, *program: str) -> subprocess.Popen[bytes]:
        """A Python program, without waiting for its end."""
        command = [sys.executable, *program]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL)

    def images(self) -> list[dict[str, Any]]:
        """The rows as they are now."""
        return self.upload(0)

    def _run(self, *program: str) -> str:
        done = subprocess.run(
            [sys.executable, *program],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def files(self) -> list[str]:
        """The names of all files in both storages, sorted."""
        folders = (self.folder / "media" / "images", self.folder / "originals" / "images")
        return sorted(path.name for one in folders if one.exists() for path in one.iterdir())

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes] | None]:
        """A worker; none without an engine. It is ended after the block."""
        command = ENGINES[self.engine].worker
        if not command:
            yield None
            return
        log = self.folder / "worker.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT, env=self.environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                kill(process)

    def wait_until_ready(self, seconds: float = SECONDS) -> list[dict[str, Any]]:
        """The rows, when none of them is pending any more."""
        end = time.monotonic() + seconds
        images = self.images()
        while any(image["status"] == "pending" for image in images):
            log = self.folder / "worker.log"
            assert time.monotonic() < end, log.read_text() if log.exists() else images
            time.sleep(0.2)
            images = self.images()
        return images


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its children with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
