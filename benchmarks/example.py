"""Sets up the example project for a benchmark; import this before anything from Django."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "example_project")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["DEBUG"] = "0"

import django

django.setup()

from django.db import connection


def explain(sql: str) -> str:
    """PostgreSQL's plan for a statement; long lines, such as lists of keys, are truncated."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + sql.replace("%", "%%"))
        lines = (row[0] for row in cursor.fetchall())
        return "\n".join(line if len(line) < 200 else f"{line[:200]} ..." for line in lines)


def server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


def others(seconds: float = 3) -> str:
    """How much of the cores other processes use while this one sleeps, in words."""
    before = _ticks()
    time.sleep(seconds)
    total, idle = (after - earlier for after, earlier in zip(_ticks(), before, strict=True))
    return f"{os.cpu_count()} cores, {1 - idle / total:.0%} of them busy with other work before"


def _ticks() -> tuple[int, int]:
    """Of all kinds, and of idleness, since the start of the machine."""
    line = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    return sum(map(int, line)), int(line[3]) + int(line[4])
