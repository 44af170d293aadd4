"""What the package wants to reach, and what it has reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.compare.figures import Figures

PHONE, LARGE = "12mp", "48mp"


@dataclass(frozen=True)
class Bar:
    what: str
    bound: str
    measured: str
    is_met: bool


def table(figures: Figures) -> str:
    """As Markdown."""
    lines = ["| | bar | measured | |", "|---|---|---|---|"]
    for bar in bars(figures):
        lines.append(
            f"| {bar.what} | {bar.bound} | {bar.measured} | {'' if bar.is_met else 'missed'} |"
        )
    return "\n".join(lines) + "\n"


def bars(figures: Figures) -> Iterator[Bar]:
    """Those for which there are figures."""
    for extra, name, cpu, wall, memory in (
        ("", "ours", 1.35, 1.30, 60),
        (" with `[fast]`", "ours-fast", 1.20, 1.20, 120),
    ):
        on_disk = {"part": "disk", "original": PHONE}
        yield from _at_most(
            f"CPU of an upload of 12 MP{extra}, of L",
            cpu,
            figures.ratio("cpu", name, "limit", **on_disk),
        )
        yield from _at_most(
            f"wall time of an upload of 12 MP{extra}, of the limit in threads",
            wall,
            figures.ratio("wall", name, "parallel-limit", **on_disk),
        )
        large = figures.median("memory", name, part="disk", original=LARGE)
        yield from _at_most(f"memory added by an upload of 48 MP{extra}, MB", memory, large, 0)
    for method, names in (
        ("", {"": "ours", " with `[fast]`": "ours-fast"}),
        (", method 2", {"": "ours-m2", " with `[fast]`": "ours-fast-m2"}),
    ):
        for where, original, part, wanted in (
            ("12 MP", PHONE, "disk", 3.0 if method else 1.8),
            ("48 MP", LARGE, "disk", 4.5 if method else 3.0),
            ("12 MP to S3", PHONE, "s3", 4.4 if method else 2.9),
        ):
            for extra, name in names.items():
                yield from _faster(figures, f"{where}{method}{extra}", name, original, part, wanted)


def _at_most(what: str, bound: float, value: float | None, digits: int = 2) -> Iterator[Bar]:
    if value is not None:
        measured = f"{value:.{digits}f}"
        yield Bar(what, f"at most {bound:.{digits}f}", measured, float(measured) <= bound)


def _faster(
    figures: Figures, what: str, name: str, original: str, part: str, wanted: float
) -> Iterator[Bar]:
    where = {"part": part, "original": original}
    own, best = figures.median("wall", name, **where), figures.best_peer(**where)
    if own is not None and best is not None:
        peer, time = best
        measured = f"{time / own:.2f}"
        yield Bar(
            f"wall time of {what}, times faster than the fastest other ({peer.label})",
            f"at least {wanted:.1f}",
            measured,
            float(measured) >= wanted,
        )
