"""One measurement in a fresh process: ``python -m benchmarks.compare.cell '{"task": ...}'``.

The last line of its output is the result, as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.candidates import chosen
from benchmarks.compare.job import SPECS, Candidate, Job
from benchmarks.compare.originals import warm_up, wide
from benchmarks.compare.site import create_tables, start
from benchmarks.compare.slow_proxy import REQUESTS

IMAGES = 100
"""In a list."""


@dataclass
class Measured:
    cpu: float = 0
    """Of all threads, in milliseconds."""
    wall: float = 0
    memory: float = 0
    """By how many MB the process grew at most."""


def measure(work: Callable[[], object]) -> Measured:
    gc.collect()
    found = Measured(memory=-_reset_peak())
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    found.wall = (time.perf_counter() - wall) * 1000
    found.cpu = (time.process_time() - cpu) * 1000
    found.memory += memory("VmHWM")
    return found


def _reset_peak() -> float:
    """The memory now, in MB; the kernel begins to look for the peak again."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> float:
    """In MB: ``VmRSS``, that of this process now, or ``VmHWM``, the most it had."""
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def counted(work: Callable[[], object], server: str = "") -> dict[str, Any]:
    """What it cost, with the queries and the calls of the storage.

    With the URL of an S3 server, the calls are the requests to it.
    """
    from django.db import connection

    from benchmarks.compare.storages import CALLS

    queries = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    requests_to(server)
    CALLS.clear()
    with connection.execute_wrapper(count):
        found = measure(work)
    return {**vars(found), "queries": queries, "calls": requests_to(server) or dict(CALLS)}


def requests_to(server: str) -> dict[str, int]:
    """By method, since the last time."""
    if not server:
        return {}
    with urllib.request.urlopen(f"{server}{REQUESTS}") as response:  # noqa: S310 (on loopback)
        found: dict[str, int] = json.load(response)
    return found


def upload(job: Job, original: Path, folder: Path, server: str) -> dict[str, Any]:
    """A small original first, then three times the one that is measured: its memory the first
    time, everything else the third time, when the process has the memory that it will keep.
    ``versions`` are the files of the third one.
    """
    content, suffix = original.read_bytes(), original.suffix.lower()
    job.upload(warm_up(suffix), f"small{suffix}")
    if job.before:
        job.before(content)
    first = measure(lambda: job.upload(content, f"first{suffix}"))
    job.upload(content, f"second{suffix}")
    media = folder / "media"
    before = set(media.rglob("*"))
    found = counted(lambda: job.upload(content, f"photo{suffix}"), server)
    new = [path for path in media.rglob("*") if path.is_file() and path not in before]
    return found | {"memory": first.memory, "versions": _versions(new, content)}


def _versions(paths: list[Path], original: bytes) -> list[dict[str, Any]]:
    """The smallest first."""
    from PIL import Image

    found = []
    for path in paths:
        content = path.read_bytes()
        if content != original:
            with Image.open(path) as image:
                found.append((image.width, image.format, str(path), len(content)))
    return [
        {"path": path, "format": kind, "bytes": size} for _width, kind, path, size in sorted(found)
    ]


def prepare(job: Job, images: int) -> dict[str, Any]:
    """The tables, and so many images for a list."""
    create_tables(job)
    content = wide(SPECS[-1].side)
    for number in range(images):
        job.upload(content, f"photo{number}.jpg")
    return {}


def show_list(job: Job, server: str) -> dict[str, Any]:
    """A list twice, as JSON: the first time nothing is in the cache."""
    rows, urls = job.rows, job.urls
    assert rows
    assert urls

    def work() -> None:
        shown = [urls(row) for row in rows()]
        assert len(shown) == IMAGES, len(shown)
        assert all(len(set(each)) == len(SPECS) for each in shown), shown[0]
        json.dumps(shown)

    return {"cold": counted(work, server), "warm": counted(work, server)}


def run(task: str, candidate: Candidate, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    s3 = order.get("s3")
    job, server = start(candidate, folder, s3), s3["endpoint_url"] if s3 else ""
    if task == "prepare":
        return prepare(job, order["images"])
    if task == "list":
        return show_list(job, server)
    return upload(job, Path(order["original"]), folder, server)


def main(text: str) -> None:
    order = json.loads(text)
    [candidate] = chosen(order["candidate"])
    found = run(order["task"], candidate, Path(order["folder"]), order)
    print(json.dumps(found), flush=True)
    os._exit(0)  # threads of a pool must not delay the next measurement


if __name__ == "__main__":
    main(sys.argv[1])
