"""Runs the same race again and again: eight threads, a gate, and an auditor after each trial.

``POLYIMAGES_TRIALS`` is the number of trials of each race; ``make faults`` runs 500.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections

from tests.races.auditor import faults

THREADS = 8
TRIALS = int(os.environ.get("POLYIMAGES_TRIALS", "5"))
Work = Callable[[], object]
on_a_server = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="threads share no SQLite database in memory"
)


@dataclass(slots=True)
class Figures:
    """What came of the trials of one race."""

    race: str
    trials: int = 0
    calls: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """What callers have to expect, such as ``DoesNotExist`` for what is deleted meanwhile."""
    errors: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    """What the database refused; where it is no error, the package has tried again."""

    @property
    def is_clean(self) -> bool:
        return not self.errors and not self.broken

    def __str__(self) -> str:
        parts = [
            ("refused", self.refused),
            ("errors", self.errors),
            ("broken", self.broken),
            ("database errors", self.repeated),
        ]
        found = "; ".join(f"{name}: {dict(some)}" if some else f"no {name}" for name, some in parts)
        return (
            f"{connection.vendor}: {self.race}: {self.trials} trials, {self.calls} calls; {found}"
        )


@dataclass(frozen=True, slots=True)
class Racers:
    """Threads with a connection each, which start together."""

    pool: ThreadPoolExecutor

    def run(self, works: Sequence[Work], refusals: Counter[str]) -> list[object]:
        """The result of each, or the exception that it raised."""
        gate = threading.Barrier(len(works))
        started = [self.pool.submit(_start, gate, work, refusals) for work in works]
        return [one.result() for one in started]

    def close(self) -> None:
        self.run([connections.close_all] * THREADS, Counter())


@contextmanager
def racers() -> Iterator[Racers]:
    with ThreadPoolExecutor(THREADS) as pool:
        some = Racers(pool)
        yield some
        some.close()


def race(
    name: str,
    trial: Callable[[], Sequence[Work]],
    *,
    expected: tuple[type[Exception], ...] = (),
    check: Callable[[], Sequence[str]] = list,
    settled: Callable[[], bool] = lambda: True,
    share: int = 1,
) -> Figures:
    """Prepare a ``trial`` and run its works together, until there were enough.

    ``check`` says what is broken beside what the auditor finds, once ``settled``. Of a race that
    takes long, only one trial of so many is run: ``share``.
    """
    figures = Figures(name)
    with racers() as threads:
        for _ in range(max(1, TRIALS // share)):
            for result in threads.run(trial(), figures.repeated):
                _count(figures, result, expected)
            figures.trials += 1
            if not settled():
                figures.broken["not settled"] += 1
            figures.broken.update(_kinds([*faults(), *check()]))
    _report(figures)
    return figures


def _report(figures: Figures) -> None:
    """Print the figures, and append them to a file, which a test runner does not capture."""
    print(f"\n{figures}")  # noqa: T201
    if path := os.environ.get("POLYIMAGES_FIGURES"):
        with Path(path).open("a") as file:
            file.write(f"{figures}\n")


def _start(gate: threading.Barrier, work: Work, refusals: Counter[str]) -> object:
    def watch(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except DatabaseError as error:
            refusals[_code(error)] += 1
            raise

    gate.wait()
    try:
        with connection.execute_wrapper(watch):
            return work()
    except Exception as error:  # noqa: BLE001 (every kind of error is counted)
        return error


def _count(figures: Figures, result: object, expected: tuple[type[Exception], ...]) -> None:
    figures.calls += 1
    if isinstance(result, expected):
        figures.refused[type(result).__name__] += 1
    elif isinstance(result, Exception):
        figures.errors[f"{type(result).__name__} {_code(result)}".strip()] += 1


def _code(error: Exception) -> str:
    """What the database calls the error."""
    state = getattr(error.__cause__, "sqlstate", None)
    return str(state or next(islice(error.args, 1), ""))[:60]


def _kinds(found: Sequence[str]) -> list[str]:
    return [one.partition(":")[0] for one in found]
