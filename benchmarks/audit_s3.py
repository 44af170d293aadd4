"""Measures the audit of 10,000 and of 1,000,000 objects on a real S3 server, and kills it half-way.

    .ci/database postgres .venv/bin/python benchmarks/audit_s3.py > benchmarks/results/audit_s3.md

SeaweedFS runs beside it; objects are written through its filer, which is faster than its S3, and
read through its S3. Each image has an original and four versions of 4 bytes. Of every 400th one the
thumb is missing, and there is an orphan in its place; the originals of these are pictures, so that
the audit can mend them. What is going on is told on standard error.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from example import PROJECT, server_version  # must come first: it sets up Django

from django.core.management import call_command
from django.db import connection

from django_polyimages.conf import get_settings
from organizations.models import Organization
from tests import seaweedfs
from tests.drawing import photo

SIZES = (10_000, 1_000_000)
"""How many objects."""
FILES_PER_IMAGE = 5
ODD = 400
BUCKET = "media"
TINY, PICTURE = b"tiny", photo(8, 8)
CONNECTIONS, AT_ONCE = 16, 20
KIB = 1024
SMALL_FILES = "-filer.saveToFilerLimit=1024"
"""The filer keeps them itself, which is faster to write."""
VERSION = "'{0}', jsonb_build_object('key', 'images/img_' || md5(n::text) || '_{0}.webp', 'width', 8, 'height', 8, 'bytes', 4, 'digest', '{1}', 'media_type', 'image/webp')"
INSERT = """
INSERT INTO polyimages_image (file, file_name, title, alt_text, description, organization_id, created_at,
    updated_at, width, height, byte_size, media_type, sha256, focal_x, focal_y,
    dominant_color, placeholder, versions, status, failure_reason)
SELECT 'images/img_' || md5(n::text) || '.jpg', 'photo.jpg', 'Photo ' || n, '', '', %(organization)s,
    now(), now(), 8, 8, CASE WHEN n %% %(odd)s = 0 THEN %(picture)s ELSE 4 END, 'image/jpeg',
    md5(n::text), 0.5, 0.5, '', '', jsonb_build_object({versions}), 'ready', ''
FROM generate_series(%(first)s, %(last)s) AS n
"""


def insert_rows(first: int, last: int) -> None:
    specs = get_settings().versions
    versions = ", ".join(VERSION.format(spec.name, spec.digest) for spec in specs)
    organization, _new = Organization.objects.get_or_create(name="Acme", slug="acme")
    values = {"organization": organization.pk, "odd": ODD, "picture": len(PICTURE)}
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(versions=versions), values | {"first": first, "last": last})
        cursor.execute("ANALYZE polyimages_image")


def files_of(number: int) -> Iterator[tuple[str, bytes]]:
    stem, is_odd = f"images/img_{md5(number)}", number % ODD == 0
    yield f"{stem}.jpg", PICTURE if is_odd else TINY
    for spec in get_settings().versions:
        is_orphan = is_odd and spec.name == "thumb"
        start = f"images/img_{md5(-number)}" if is_orphan else stem
        yield f"{start}_{spec.name}.webp", TINY


def md5(number: int) -> str:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def write_objects(filer: int, first: int, last: int) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = (range(first + part, last + 1, CONNECTIONS) for part in range(CONNECTIONS))
        list(pool.map(partial(write_some, filer), parts))


def write_some(filer: int, numbers: range) -> None:
    """Sends several requests before it reads the answers."""
    with socket.create_connection(("127.0.0.1", filer)) as connected:
        for start in range(0, len(numbers), AT_ONCE):
            files = [
                file for number in numbers[start : start + AT_ONCE] for file in files_of(number)
            ]
            connected.sendall(b"".join(put(*file) for file in files))
            answers = b""
            while answers.count(b"HTTP/1.1 201 ") < len(files):
                received = connected.recv(65536)
                if not received or b"HTTP/1.1 4" in received or b"HTTP/1.1 5" in received:
                    raise RuntimeError(answers + received)
                answers += received


def put(key: str, content: bytes) -> bytes:
    head = f"PUT /buckets/{BUCKET}/{key} HTTP/1.1\r\nHost: filer\r\nContent-Length: {len(content)}"
    return f"{head}\r\nContent-Type: image/webp\r\n\r\n".encode() + content


@dataclass(frozen=True)
class Run:
    """An audit in a process of its own."""

    code: int
    seconds: float
    cpu: float
    peak: float
    """MiB."""
    findings: list[dict[str, Any]]

    @property
    def kinds(self) -> str:
        kinds = Counter(one["kind"] + (" (fixed)" if one["fixed"] else "") for one in self.findings)
        return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "nothing"


def audit(*options: str, kill_at: int = 0) -> Run:
    """Run the command; kill -9 it after so many findings."""
    manage = PROJECT / "example_project" / "manage.py"
    command = [sys.executable, "-u", str(manage), "polyimages_audit", "--json", "--grace", "0"]
    started, findings = time.perf_counter(), []
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with ThreadPoolExecutor(1) as pool:
        peak = pool.submit(peak_of, process.pid)
        for line in process.stdout:
            if line.startswith("{") and line.endswith(("}\n", "},\n")):
                findings.append(json.loads(line.strip().rstrip(",")))
            if len(findings) == kill_at > 0:
                os.kill(process.pid, signal.SIGKILL)  # kill() would ask how it ended
        process.stdout.close()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    return Run(process.returncode, seconds, cpu, peak.result(), findings)


def peak_of(pid: int) -> float:
    """MiB. What ``wait4`` says counts the memory of the process that started it, too."""
    peak = 0
    while found := re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()):
        peak = int(found[1])
        time.sleep(0.05)
    return peak / KIB


def measure(size: int) -> None:
    """Mends everything, although the audit is killed half-way."""
    whole = audit()
    say(size, "dry run", whole)
    half = len(whole.findings) // 2
    say(size, f"`--fix`, killed after {half} findings", audit("--fix", kill_at=half))
    say(size, "`--fix`, started again", audit("--fix"))
    last = audit()
    say(size, "dry run", last)
    assert (last.code, last.findings) == (0, [])


def say(size: int, what: str, run: Run) -> None:
    """A row of the table."""
    figures = f"{run.seconds:.1f} s | {run.cpu:.1f} s | {run.peak:.0f} MiB"
    print(f"| {size:,} | {what} | {figures} | {run.code} | {run.kinds} |", flush=True)


def progress(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    call_command("migrate", verbosity=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        seaweedfs.running(Path(folder), SMALL_FILES) as server,
    ):
        os.environ |= {
            "POLYIMAGES_S3_BUCKET": BUCKET,
            "POLYIMAGES_S3_ENDPOINT": server.http,
            "POLYIMAGES_S3_ACCESS_KEY": seaweedfs.ACCESS_KEY,
            "POLYIMAGES_S3_SECRET_KEY": seaweedfs.SECRET_KEY,
        }
        seaweedfs.client(server.http).create_bucket(Bucket=BUCKET)
        print(f"Python {sys.version.split()[0]}, {server_version()}, SeaweedFS\n")
        print("| objects | audit | time | CPU time | peak memory | exit code | found |")
        print("|---|---|---|---|---|---|---|", flush=True)
        rows = 0
        for size in SIZES:
            first, rows = rows + 1, size // FILES_PER_IMAGE
            insert_rows(first, rows)
            progress(f"{rows:,} rows")
            write_objects(server.filer, first, rows)
            progress(f"{size:,} objects")
            measure(size)


if __name__ == "__main__":
    main()
