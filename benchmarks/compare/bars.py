"""What an upload may cost, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.compare.figures import Figures

PHONE, LARGE = "12mp", "48mp"


@dataclass(frozen=True)
class Goal:
    """A bound of one configuration, and the figure."""

    value: float | None
    bound: float
    digits: int = 2
    at_least: bool = False
    is_known: bool = True
    """False for a wall time on a busy machine, which proves nothing."""

    def __str__(self) -> str:
        if self.value is None:
            return ""
        shown = f"{self.value:.{self.digits}f}"
        is_met = self.value >= self.bound if self.at_least else self.value <= self.bound
        words = "at least" if self.at_least else "at most"
        verdict = ("" if is_met else ", **missed**") if self.is_known else ", on a busy machine"
        return f"{shown} ({words} {self.bound:.{self.digits}f}){verdict}"


@dataclass(frozen=True)
class Row:
    what: str
    without: Goal
    fast: Goal


def table(figures: Figures) -> str:
    """As Markdown."""
    lines = ["| | without the extra | with `[fast]` |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.without} | {row.fast} |" for row in rows(figures)]
    return "\n".join(lines) + "\n"


def rows(figures: Figures) -> Iterator[Row]:
    small, large = ({"part": "disk", "original": name} for name in (PHONE, LARGE))
    plain, fast = "polyimages", "polyimages-fast"

    def ratio(key: str, name: str, base: str) -> float | None:
        return figures.ratio(key, name, base, **small)

    yield Row(
        "12 MP: CPU, of L",
        Goal(ratio("cpu", plain, "limit"), 1.35),
        Goal(ratio("cpu", fast, "limit"), 1.20),
    )
    yield Row(
        "12 MP: wall time, of the limit in threads",
        Goal(ratio("wall", plain, "parallel-limit"), 1.30, is_known=figures.is_quiet),
        Goal(ratio("wall", fast, "parallel-limit"), 1.20, is_known=figures.is_quiet),
    )
    yield Row(
        "48 MP: memory added, MB",
        Goal(figures.median("memory", plain, **large), 60, digits=0),
        Goal(figures.median("memory", fast, **large), 120, digits=0),
    )
    for where, original, part, same, quick in (
        ("12 MP", PHONE, "disk", 1.8, 3.0),
        ("48 MP", LARGE, "disk", 3.0, 4.5),
        ("12 MP to S3", PHONE, "s3", 2.9, 4.4),
    ):
        found = figures.best_peer(part=part, original=original)
        best, time = (found[0].label, found[1]) if found else ("none", None)
        for method, suffix, bound in (("", "", same), (", method 2", "-m2", quick)):
            own = [
                figures.median("wall", name + suffix, part=part, original=original)
                for name in (plain, fast)
            ]
            times = [time / one if time and one else None for one in own]
            without, with_fast = (
                Goal(one, bound, 1, at_least=True, is_known=figures.is_quiet) for one in times
            )
            yield Row(
                f"{where}{method}: times faster than {best}, the fastest other package",
                without,
                with_fast,
            )
