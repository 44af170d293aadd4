"""Compares uploads and lists of the package with its limit and with other packages.

``make bench`` installs everything and runs this. Prints tables as Markdown, and writes them and all
measurements to ``benchmarks/results/compare.md`` and ``compare.json``; those of a run that leaves
something out go to ``.venv-bench`` instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

from PIL import Image

from benchmarks.compare.candidates import chosen
from benchmarks.compare.figures import FILE, Figures
from benchmarks.compare.job import VENV
from benchmarks.compare.machine import machine, versions
from benchmarks.compare.originals import originals
from benchmarks.compare.rounds import Cell, Failed, lists, on_disk, on_s3
from benchmarks.compare.tables import markdown

PARTS = ("disk", "s3", "lists")
FEWER = 3
"""At most so many rounds of all parts but the first, so that everything takes under 25 minutes."""


def main(options: argparse.Namespace) -> None:
    parts = [part for part in options.parts.split(",") if part] or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"PARTS={','.join(unknown)}? Known are: {', '.join(PARTS)}")
    begun, cells = time.monotonic(), []
    content: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(),
        "rounds": options.rounds,
        "originals": {},
        "cells": cells,
    }
    figures, unfinished = Figures(content), VENV / FILE.name
    for cell in measured(options, parts, content["originals"]):
        cells.append(
            {key: value for key, value in cell.items() if key != "versions"} | _short(cell)
        )
        what = " ".join(
            str(cell.get(key, "")) for key in ("part", "place", "original", "candidate")
        )
        figures.write(unfinished)
        say(f"{time.monotonic() - begun:5.0f} s, round {cell['round'] + 1}: {what}")
    is_whole = not (options.pictures or options.photos or options.only or options.parts)
    file = FILE if is_whole else unfinished
    text = markdown(figures)
    figures.write(file)
    file.with_suffix(".md").write_text(text)
    print(text)


def measured(
    options: argparse.Namespace, parts: list[str], facts: dict[str, dict[str, Any]]
) -> Iterator[Cell]:
    """All cells; ``facts`` gets what the originals are."""
    candidates, seed = chosen(options.only), options.seed
    paths = originals(options.pictures, options.photos)
    for name, path in paths.items():
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5
            width, height = image.size[::-1] if turned else image.size
        facts[name] = {"bytes": path.stat().st_size, "width": width, "height": height}
    if "disk" in parts:
        yield from on_disk(candidates, paths, options.rounds, seed=seed)
    if "s3" in parts:
        yield from on_s3(candidates, paths, min(options.rounds, FEWER), seed=seed)
    if "lists" in parts:
        yield from lists(candidates, min(options.rounds, FEWER), seed=seed)


def _short(cell: Cell) -> dict[str, Any]:
    """The versions without their places in a folder that is gone."""
    if "versions" not in cell:
        return {}
    return {"versions": [{"bytes": one["bytes"]} for one in cell["versions"]]}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--pictures", default="", help="names, separated by commas")
    parser.add_argument("--photos", default="", help="a folder with photographs instead")
    parser.add_argument("--only", default="", help="candidates, separated by commas")
    parser.add_argument("--parts", default="", help=",".join(PARTS))
    parser.add_argument("--seed", type=int, default=1, help="of the order")
    try:
        main(parser.parse_args())
    except Failed as failure:
        raise SystemExit(str(failure)) from failure
