"""The results as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.compare.figures import Figures
from benchmarks.compare.job import Candidate
from benchmarks.compare.originals import TITLES

SHORT = {"get_modified_time": "mtime"}
DEFAULT = "polyimages"
NONE = ""


def markdown(figures: Figures) -> str:
    """All tables, with a heading before each."""
    parts = list(_machine(figures))
    for original in figures.originals:
        parts += uploads(figures, original)
    parts += s3(figures)
    for place in ("disk", "s3"):
        parts += lists(figures, place)
    return "\n".join(parts).strip() + "\n"


def _machine(figures: Figures) -> Iterator[str]:
    facts, others = figures.content["machine"], figures.others
    yield (
        f"Measured on {facts['date']}: {facts['cpu']}, {facts['cores']} cores, {facts['system']}; "
        f"medians of {figures.content['rounds']} rounds (of S3 and lists: at most 3). Other processes used "
        f"{statistics.median(others):.0%} of the machine (median of all measurements; "
        f"{others[0]:.0%} to {others[-1]:.0%}), so wall times are "
        f"{'reliable' if figures.is_quiet else 'too long, and not reliable'}.\n"
    )
    used = figures.content["versions"].items()
    yield ", ".join(f"{name} {version}" for name, version in used) + ".\n"


def uploads(figures: Figures, original: str) -> Iterator[str]:
    """An upload to a folder."""
    where = {"part": "disk", "original": original}
    rows = [one for one in figures.candidates if figures.cells(one.name, **where)]
    if not rows:
        return
    facts = figures.originals[original]
    title = TITLES.get(original, original)
    yield f"### {title}, local disk\n"
    yield f"{facts['width']}x{facts['height']} pixels, {facts['bytes'] / 1e6:.1f} MB.\n"
    head = ["CPU ms", "of L", "wall ms", "of the limit", "of polyimages", "MB", "storage calls"]
    head += ["queries", "kB", "SSIM lg", "SSIM lost"]
    yield from _head(head)
    for one in rows:
        cells = figures.cells(one.name, **where)
        cpu, wall = (figures.median(key, one.name, **where) for key in ("cpu", "wall"))
        row = [
            _number(cpu),
            _ratio(figures.ratio("cpu", one.name, "limit", **where)),
            _number(wall),
            _ratio(figures.ratio("wall", one.name, "parallel-limit", **where)),
            _ratio(figures.ratio("wall", one.name, DEFAULT, **where)),
        ]
        if one.is_limit:
            row += [NONE] * 6
        else:
            size = sum(version["bytes"] for version in cells[0]["versions"]) / 1000
            row += [
                _number(figures.median("memory", one.name, **where)),
                calls(cells[0]["calls"]),
                str(cells[0]["queries"]),
                f"{size:.0f}",
                *_quality(figures.quality(one.name, original)),
            ]
        yield _row(one, row)
    yield ""


def s3(figures: Figures) -> Iterator[str]:
    """An upload to S3."""
    originals = {cell["original"] for cell in figures.content["cells"] if cell["part"] == "s3"}
    for original in sorted(originals):
        where = {"part": "s3", "original": original}
        yield f"### {TITLES.get(original, original)}, S3 with 20 ms added to each request\n"
        yield from _head(["wall ms", "of polyimages", "CPU ms", "of polyimages", "requests"])
        for one in figures.packages:
            if cells := figures.cells(one.name, **where):
                row = []
                for key in ("wall", "cpu"):
                    row.append(_number(figures.median(key, one.name, **where)))
                    row.append(_ratio(figures.ratio(key, one.name, DEFAULT, **where)))
                yield _row(one, [*row, calls(cells[0]["calls"])])
        yield ""


def lists(figures: Figures, place: str) -> Iterator[str]:
    """A list, the first time and again."""
    where = {"part": "lists", "place": place}
    rows = [one for one in figures.packages if figures.cells(one.name, **where)]
    if not rows:
        return
    on = "local disk" if place == "disk" else "S3 with 20 ms added to each request"
    yield f"### A list of 100 images with 4 URLs each, {on}\n"
    what = "storage calls" if place == "disk" else "requests"
    head = []
    for when in ("first", "again"):
        head += [f"{when}: CPU ms", "of polyimages", "wall ms", "queries", what]
    yield from _head(head)
    for one in rows:
        row = []
        for when in ("cold", "warm"):
            cell = figures.cells(one.name, **where)[0][when]
            row += [
                _number(figures.median(f"{when}.cpu", one.name, **where), 1),
                _ratio(figures.ratio(f"{when}.cpu", one.name, DEFAULT, **where)),
                _number(figures.median(f"{when}.wall", one.name, **where)),
                str(cell["queries"]),
                calls({key: count for key, count in cell["calls"].items() if key != "url"}) or "0",
            ]
        yield _row(one, row)
    yield ""


def calls(counts: dict[str, int]) -> str:
    """Such as ``5 save, 9 exists``; the URLs are no calls that a server sees."""
    names = sorted(counts, key=lambda name: (name not in ("save", "PUT"), name))
    return ", ".join(f"{counts[name]} {SHORT.get(name, name)}" for name in names if name != "url")


def _quality(found: dict[str, dict[str, float]]) -> list[str]:
    if not found:
        return [NONE, NONE]
    lost = -round(statistics.mean(one["delta"] for one in found.values()), 4)
    return [f"{found['lg']['ssim']:.3f}", f"{lost or 0:.4f}"]


def _head(names: Sequence[str]) -> Iterable[str]:
    return f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"


def _row(candidate: Candidate, cells: Sequence[str]) -> str:
    label = f"**{candidate.label}**" if candidate.is_own else candidate.label
    return f"| {label} | {' | '.join(cells)} |"


def _number(value: Any, digits: int = 0) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _ratio(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
