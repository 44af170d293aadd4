"""The named points at which a process can be killed: before and after each of its effects.

An effect is a request to S3 that writes, a statement that writes to a table of the package, a
COMMIT, or the answer. They are seen where they leave the process, in boto3 and in Django, so the
points are right whatever the package looks like inside. Statements that only read are points too,
but only for a process that has to wait there.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

_STATEMENT = re.compile(
    r"\s*(?:(INSERT|UPDATE|DELETE)\b|(SELECT)\b.*?\bFROM\b).*?\bpolyimages_(\w+)",
    re.IGNORECASE | re.DOTALL,
)
_VERSION = re.compile(r".*/img_[0-9a-f]{32}_.*")


@dataclass(slots=True)
class Watch:
    """Counts the effects of this process; kills it, or lets it wait, at the point of an order."""

    wait: Callable[[], None]
    """Tells the parent that the point is reached, and returns when the process may go on."""
    kill_at: str = ""
    hold_at: str = ""
    passed: list[str] = field(default_factory=list)
    """The points so far."""
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def effect(self, name: str) -> Iterator[None]:
        with self._lock:
            self._counts[name] += 1
            number = self._counts[name]
        self._pass(f"before {name} {number}")
        yield
        self._pass(f"after {name} {number}")

    def _pass(self, point: str) -> None:
        with self._lock:
            self.passed.append(point)
        if point == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if point == self.hold_at:
            self.wait()


def install(watch: Watch) -> None:
    """Let all effects of this process pass ``watch``."""
    call, execute, commit = (
        BaseClient._make_api_call,
        CursorWrapper._execute,
        BaseDatabaseWrapper._commit,
    )
    many = CursorWrapper._executemany

    def make_api_call(self: Any, operation: str, arguments: Any) -> Any:
        if not (name := _name_of_request(operation, arguments)):
            return call(self, operation, arguments)
        with watch.effect(name):
            return call(self, operation, arguments)

    def run(run: Any, self: Any, sql: str, *parameters: Any) -> Any:
        found = _STATEMENT.match(sql)
        if not found:
            return run(self, sql, *parameters)
        with watch.effect(f"{(found[1] or found[2]).upper()} {found[3]}"):
            return run(self, sql, *parameters)

    def watched_commit(self: Any) -> Any:
        with watch.effect("COMMIT"):
            return commit(self)

    BaseClient._make_api_call = make_api_call
    CursorWrapper._execute = lambda self, *rest: run(execute, self, *rest)
    CursorWrapper._executemany = lambda self, *rest: run(many, self, *rest)
    BaseDatabaseWrapper._commit = watched_commit


def kills(points: Iterable[str]) -> list[str]:
    """The points that are worth a kill, each once, in their order."""
    return [point for point in dict.fromkeys(points) if " SELECT " not in point]


def _name_of_request(operation: str, arguments: Any) -> str:
    if operation == "PutObject":
        return "PUT of a version" if _VERSION.match(arguments["Key"]) else "PUT of the original"
    return {"DeleteObject": "DELETE of a file", "DeleteObjects": "DELETE of many files"}.get(
        operation, ""
    )
