"""A plot of uploads in plain text, for the README: a package index shows no pictures of it."""

from __future__ import annotations

from benchmarks.compare.bars import PHONE
from benchmarks.compare.drawing import shown
from benchmarks.compare.figures import Figures

OWN = ("polyimages-fast", "polyimages")
PEERS = 4
"""The fastest packages of others."""
LONGEST, BLOCK = 44, "\N{FULL BLOCK}"


def text_plot(figures: Figures) -> str:
    """A line for each package, the fastest first, below a line that says what is shown."""
    rows = shown(figures, "disk", PHONE)
    peers = [row for row in rows if row[0] in figures.peers][:PEERS]
    drawn = sorted(
        [row for row in rows if row[0].name in OWN] + peers,
        key=lambda row: row[1],
    )
    most = max(time for _candidate, time in drawn)
    width = max(len(candidate.label) for candidate, _time in drawn)
    kind = "ms" if figures.is_quiet else "ms of CPU time"
    lines = [f"Upload of a JPEG of 12 megapixels to the local disk, {kind}, two cores"]
    for candidate, time in drawn:
        bar = BLOCK * max(1, round(LONGEST * time / most))
        lines.append(f"{candidate.label:<{width}}  {bar} {time:.0f}")
    return "\n".join(lines) + "\n"
