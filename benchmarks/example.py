"""Sets up the example project for a benchmark; import this before anything from Django."""

from __future__ import annotations

import os
import sys
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
