"""Draws ``docs/scaling.svg`` and ``docs/growth.svg`` from ``benchmarks/results``: engines.md and
growth.md, and rows.md.

.venv/bin/python benchmarks/plot.py
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results"
WIDTH, LEFT, RIGHT, BAR, GAP = 880, 190, 790, 20, 28
NAMES = {"database": "database backend", "rq": "RQ", "celery": "Celery"}
LINES = {
    "upload, the whole request": ("upload", "a"),
    "worker, a job": ("job of a worker", "b"),
    "worker, the claim": ("claim of an image", "c"),
    "`polyimages_generate --due`": ("--due", "d"),
    "`polyimages_doctor`": ("doctor", "e"),
}
PAGES = {
    "API: upload of a small picture": ("upload, 400x300", "a"),
    "API: list, first page of 100": ("API, list of 100", "b"),
    "API: attach to an object with 200 images": ("attach, to 200", "c"),
    "admin: list of images": ("admin, list", "d"),
    "admin: page of an object with 200 images": ("inline, 200", "e"),
}
STYLE = """
.back{fill:#fff}.bar{fill:#1f6feb}.other{fill:#8fb8f6}text{fill:#1c2733}.say{fill:#4c5b6b;font-size:13px}.head{font-weight:600}
.axis{stroke:#c4ccd6}path{fill:none;stroke-width:2.5}.a{stroke:#1f6feb}.b{stroke:#b35900}.c{stroke:#8250df}.d{stroke:#1a7f37}.e{stroke:#cf222e}
@media (prefers-color-scheme: dark){.back{fill:#10151b}.bar{fill:#58a6ff}.other{fill:#28507f}text{fill:#e6edf3}.say{fill:#a8b5c2}.axis{stroke:#3b4652}
.a{stroke:#58a6ff}.b{stroke:#f0883e}.c{stroke:#bc8cff}.d{stroke:#3fb950}.e{stroke:#ff7b72}}
""".replace("\n", "")


def table(name: str) -> list[list[str]]:
    """The rows of the first table of a result, without its head."""
    lines = (RESULTS / name).read_text().split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def number(text: str) -> float:
    return float(re.match(r"[\d.]+", text)[0])  # type: ignore[index]


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{css}" text-anchor="{anchor}">{words}</text>'


def bars(top: float, head: str, values: list[tuple[str, float, str, str]]) -> Iterator[str]:
    """Label, value, the value in words, and the class of each."""
    yield text(24, top, head, "head")
    longest = max(value for _label, value, _words, _css in values)
    for place, (label, value, words, css) in enumerate(values):
        y = top + 14 + place * GAP
        width = (RIGHT - LEFT) * value / longest
        yield text(LEFT - 12, y + 15, label, anchor="end")
        yield f'<rect class="{css}" x="{LEFT}" y="{y:.0f}" width="{width:.0f}" height="{BAR}" rx="3"/>'
        yield text(LEFT + width + 8, y + 15, words, "say")


Curves = dict[str, tuple[list[tuple[int, float]], str]]
"""Rows and milliseconds, and the class of each, by label."""


def curves(name: str, lines: dict[str, tuple[str, str]], part: int = 0) -> Curves:
    """Of a result whose cells contain several numbers, such as ``1.5 / 2.0``, one ``part``."""
    content = (RESULTS / name).read_text().split("\n")
    head = next(line for line in content if line.startswith("| rows"))
    sizes = [int(cell.strip().replace(",", "")) for cell in head.strip("|").split("|")[1:-1]]
    rows = {row[0]: row[1:-1] for row in table(name)}
    return {
        label: (
            [
                (size, number(cell.split(" / ")[part]))
                for size, cell in zip(sizes, rows[row], strict=True)
                if cell != "-"
            ],
            css,
        )
        for row, (label, css) in lines.items()
    }


def growth(top: float, head: str, lines: Curves, lowest: int = -1) -> Iterator[str]:
    """Milliseconds over the number of rows, both on a logarithmic scale from 10 ** ``lowest``."""
    height, right = 220, 700
    sizes = sorted({size for points, _css in lines.values() for size, _value in points})
    most = max(value for points, _css in lines.values() for _size, value in points)
    highest = max(1, math.ceil(math.log10(most)))
    yield text(24, top, head, "head")
    bottom = top + 20 + height

    def x_of(size: float) -> float:
        return LEFT + (right - LEFT) * math.log10(size) / math.log10(sizes[-1])

    def y_of(value: float) -> float:
        part = (math.log10(max(value, 10.0**lowest)) - lowest) / (highest - lowest)
        return bottom - height * part

    for power in range(lowest, highest + 1):
        y = y_of(10.0**power)
        yield f'<line class="axis" x1="{LEFT}" y1="{y:.0f}" x2="{right}" y2="{y:.0f}"/>'
        yield text(LEFT - 12, y + 5, f"{10.0**power:g} ms", "say", "end")
    for size in sizes:
        yield text(x_of(size), bottom + 20, f"{size:,}", "say", "middle")
    ends: list[float] = []
    for label, (points, css) in sorted(lines.items(), key=lambda line: -line[1][0][-1][1]):
        places = [(x_of(size), y_of(value)) for size, value in points]
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in places)
        yield f'<path class="{css}" d="M{path}"/>'
        ends.append(max(places[-1][1], ends[-1] + 17 if ends else 0))
        yield f'<path class="{css}" d="M{right + 8} {ends[-1]:.0f}h16"/>'
        yield text(right + 30, ends[-1] + 5, label, "say")


def drawing(title: str, height: float, parts: Iterator[str]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
        'font-size="14" role="img" aria-labelledby="title">',
        f'<title id="title">{title}</title>',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def plot() -> str:
    engines = table("engines.md")
    answers = [
        (
            NAMES.get(row[0], row[0]),
            number(row[2]),
            row[2],
            "other" if row[0] == "inline" else "bar",
        )
        for row in engines
        if row[1] in ("0", "1")
    ]
    ready = [
        (
            row[0] if row[1] == "0" else f"{NAMES[row[0]]}, {row[1]}",
            number(row[5]),
            row[5],
            "other" if row[1] == "0" else "bar",
        )
        for row in engines
    ]
    tops = [40, 40 + 50 + GAP * len(answers)]
    tops.append(tops[1] + 50 + GAP * len(ready))
    height = tops[2] + 290
    return drawing(
        "Time until an upload is answered, images that are ready per second, and the time in the "
        "database with up to a million images",
        height,
        chain(
            bars(tops[0], "Until an upload is answered, without a busy worker", answers),
            bars(tops[1], "Images ready per second, by the number of workers", ready),
            growth(
                tops[2],
                "Time in the database, by the number of images",
                curves("growth.md", LINES),
            ),
        ),
    )


def plot_rows() -> str:
    head = "Time until a request is answered, by the number of images"
    return drawing(head, 330, growth(40, head, curves("rows.md", PAGES, part=1), lowest=0))


if __name__ == "__main__":
    (PROJECT / "docs" / "scaling.svg").write_text(plot())
    (PROJECT / "docs" / "growth.svg").write_text(plot_rows())
