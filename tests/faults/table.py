"""Prints the figures of a campaign."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.faults.kills import Figures

_HEAD = (
    "action",
    "ms",
    "random kills",
    "kills at points",
    "points",
    "meetings",
    "answered",
    "objects left",
    "noted",
    "rows left",
    "temporary files",
    "broken",
    "lost 2xx",
    "seconds",
)


def table(figures: Sequence[Figures]) -> str:
    """In Markdown, with a line for all of them at the end."""
    lines = [_cells(one) for one in figures]
    total = [
        f"{sum(column):,.0f}" for column in zip(*(_numbers(one) for one in figures), strict=True)
    ]
    lines.append(["all", "", *total])
    rows = ["| " + " | ".join(line) + " |" for line in [list(_HEAD), ["---"] * len(_HEAD), *lines]]
    return "\n".join(rows)


def _cells(one: Figures) -> list[str]:
    return [one.action, f"{one.milliseconds}", *(f"{number:,.0f}" for number in _numbers(one))]


def _numbers(one: Figures) -> list[float]:
    return [
        one.at_random,
        one.at_points,
        len(one.points),
        one.meetings,
        one.answered,
        one.objects,
        one.noted,
        one.rows,
        one.temporary,
        len(one.broken),
        one.lost,
        one.seconds,
    ]


def tell(line: str) -> None:
    """Print a line at once: a campaign takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
