"""Runs the cells: each candidate with each original, in a new order in each round."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.compare.cell import IMAGES
from benchmarks.compare.job import PROJECT, Candidate
from benchmarks.compare.machine import load
from benchmarks.compare.slow_proxy import SlowProxy, slow_proxy
from benchmarks.compare.ssim import Ideal

DELAY = 0.02
"""Seconds that are added to each request to S3."""
BUCKET = "bench"
Cell = dict[str, Any]


class Failed(Exception):
    """A candidate could not do the job; the message is the end of what it printed."""


class Runner:
    """``folder`` is empty and gets everything that the candidates store."""

    def __init__(self, folder: Path, s3: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._s3 = s3
        self._number = 0

    def prepare(self, candidate: Candidate, images: int = 0) -> None:
        """Create its tables, and store so many images for the lists."""
        folder = self._template(candidate)
        self._run("prepare", candidate, folder, images=images)

    def upload(self, candidate: Candidate, original: Path) -> tuple[Cell, Path]:
        """The result, and the folder with the files, which the caller removes."""
        self._number += 1
        folder = self._folder / f"{self._number}-{candidate.name}"
        folder.mkdir()
        if not candidate.is_limit:
            shutil.copy(self._template(candidate) / "db.sqlite3", folder)
        return self._run("upload", candidate, folder, original=str(original)), folder

    def list(self, candidate: Candidate) -> Cell:
        return self._run("list", candidate, self._template(candidate))

    def _template(self, candidate: Candidate) -> Path:
        return self._folder / candidate.name

    def _run(self, task: str, candidate: Candidate, folder: Path, **more: Any) -> Cell:
        order = {"task": task, "candidate": candidate.name, "folder": str(folder), **more}
        if self._s3:
            order["s3"] = self._s3
        command = [sys.executable, "-m", "benchmarks.compare.cell", json.dumps(order)]
        with load() as meanwhile:
            done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
        if done.returncode:
            raise Failed(f"{candidate.name}, {task}: {done.stderr[-3000:]}")
        found: Cell = json.loads(done.stdout.splitlines()[-1])
        return found | {"candidate": candidate.name, "others": meanwhile.others}


def on_disk(
    candidates: Sequence[Candidate], originals: dict[str, Path], rounds: int, *, seed: int
) -> Iterator[Cell]:
    """Uploads to a folder. The first round has the quality of each candidate's versions."""
    chance = random.Random(seed)  # noqa: S311 (an order, not a secret)
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        for candidate in candidates:
            if not candidate.is_limit:
                runner.prepare(candidate)
        for number in range(rounds):
            for name in chance.sample(sorted(originals), len(originals)):
                ideal = Ideal(originals[name]) if not number else None
                for candidate in chance.sample(candidates, len(candidates)):
                    cell, files = runner.upload(candidate, originals[name])
                    if ideal and not candidate.is_limit:
                        paths = [version["path"] for version in cell["versions"]]
                        cell["quality"] = ideal.compare(paths)
                    shutil.rmtree(files)
                    yield cell | {"part": "disk", "original": name, "round": number}


def on_s3(
    candidates: Sequence[Candidate], originals: dict[str, Path], rounds: int, *, seed: int
) -> Iterator[Cell]:
    """Uploads of the first original to a real S3 server, with a delay added to each request."""
    chance = random.Random(seed)  # noqa: S311
    original = next(iter(originals))
    packages = [candidate for candidate in candidates if not candidate.is_limit]
    with tempfile.TemporaryDirectory() as folder, s3_server() as (_proxy, options):
        runner = Runner(Path(folder), options)
        for candidate in packages:
            runner.prepare(candidate)
        for number in range(rounds):
            for candidate in chance.sample(packages, len(packages)):
                cell, files = runner.upload(candidate, originals[original])
                shutil.rmtree(files)
                yield cell | {"part": "s3", "original": original, "round": number}


def lists(candidates: Sequence[Candidate], rounds: int, *, seed: int) -> Iterator[Cell]:
    """A list of 100 images with four URLs each, with files on disk and on S3.

    Only one configuration of each package, since they differ in what an upload does.
    """
    chance = random.Random(seed)  # noqa: S311
    packages = [*{one.package: one for one in reversed(candidates) if not one.is_limit}.values()]
    with tempfile.TemporaryDirectory() as folder, s3_server() as (proxy, options):
        places = {"disk": Path(folder, "disk"), "s3": Path(folder, "s3")}
        for place, path in places.items():
            path.mkdir()
            direct = options | {"endpoint_url": proxy.server_url}
            preparing = Runner(path, direct if place == "s3" else None)
            for candidate in packages:
                preparing.prepare(candidate, IMAGES)
            runner = Runner(path, options if place == "s3" else None)
            for number in range(rounds):
                for candidate in chance.sample(packages, len(packages)):
                    cell = runner.list(candidate)
                    yield cell | {"part": "lists", "place": place, "round": number}


@contextmanager
def s3_server() -> Iterator[tuple[SlowProxy, dict[str, str]]]:
    """SeaweedFS behind the slow proxy, and the options for the storages."""
    from tests import seaweedfs

    with (
        tempfile.TemporaryDirectory() as folder,
        seaweedfs.running(Path(folder)) as server,
        slow_proxy(server.http, DELAY) as proxy,
    ):
        seaweedfs.client(server.http).create_bucket(Bucket=BUCKET)
        yield (
            proxy,
            {
                "bucket": BUCKET,
                "endpoint_url": proxy.url,
                "access_key": seaweedfs.ACCESS_KEY,
                "secret_key": seaweedfs.SECRET_KEY,
            },
        )
