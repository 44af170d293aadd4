"""Draws ``docs/performance.svg``: times of uploads, the shortest first.

Wall times, or CPU times if they were measured on a busy machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.compare.bars import LARGE, PHONE
from benchmarks.compare.figures import Figures
from benchmarks.compare.job import Candidate
from benchmarks.plot import STYLE, text

WIDTH, LEFT, RIGHT, BAR, GAP = 880, 262, 800, 15, 21
PANELS = (
    ("A JPEG of 12 megapixels to the local disk", "disk", PHONE),
    ("A JPEG of 48 megapixels to the local disk", "disk", LARGE),
    ("A JPEG of 12 megapixels to S3, with 20 ms for each request", "s3", PHONE),
)
OWN_STYLE = (
    ".limit{fill:none;stroke:#8c97a4;stroke-dasharray:4 3}.own{font-weight:600}"
    "@media (prefers-color-scheme: dark){.limit{stroke:#7d8894}}"
)


def draw(figures: Figures) -> str:
    panels = [(head, shown(figures, part, original)) for head, part, original in PANELS]
    top, parts = 40.0, []
    for head, rows in panels:
        if rows:
            kind = "wall time" if figures.is_quiet else "CPU time"
            parts += panel(top, f"{head}: {kind} in milliseconds", rows)
            top += 14 + GAP * len(rows) + 44
    height = top - 16
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            'font-family="system-ui, sans-serif" font-size="14" role="img" '
            'aria-labelledby="title">',
            '<title id="title">How long an upload takes with this package, with other packages '
            "and at least</title>",
            f"<style>{STYLE}{OWN_STYLE}</style>",
            f'<rect class="back" width="{WIDTH}" height="{height:.0f}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def shown(figures: Figures, part: str, original: str) -> list[tuple[Candidate, float]]:
    """The limit, the package, and the faster configuration of each other package."""
    key, other_limit = ("wall", "limit") if figures.is_quiet else ("cpu", "parallel-limit")
    times: dict[str, tuple[Candidate, float]] = {}
    for one in figures.candidates:
        time = figures.median(key, one.name, part=part, original=original)
        if time is None or one.name == other_limit:
            continue
        group = one.name if one.is_own or one.is_limit else one.package
        if group not in times or time < times[group][1]:
            times[group] = one, time
    return sorted(times.values(), key=lambda row: row[1])


def panel(top: float, head: str, rows: list[tuple[Candidate, float]]) -> Iterator[str]:
    yield text(24, top, head, "head")
    longest = max(time for _one, time in rows)
    for place, (one, time) in enumerate(rows):
        y = top + 14 + place * GAP
        width = (RIGHT - LEFT) * time / longest
        kind = "limit" if one.is_limit else "bar" if one.is_own else "other"
        label = one.label.removeprefix("django-") if one.is_own else one.label
        yield text(LEFT - 12, y + 12, label, "own" if one.is_own else "", "end")
        yield f'<rect class="{kind}" x="{LEFT}" y="{y:.0f}" width="{width:.0f}" height="{BAR}" rx="3"/>'
        yield text(LEFT + width + 8, y + 12, f"{time:,.0f}", "say")
