"""How close the pixel work on every kind of JPEG and PNG comes to the limit, in one thread.

    .venv-bench/bin/python -m benchmarks.kinds

After ``make bench`` has made the pictures. Takes turns with the limit and prints the ratio of the
medians of their CPU times: without the extra ``fast``, and with it if it is installed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.compare.candidates import chosen
from benchmarks.compare.job import PROJECT
from benchmarks.compare.originals import made
from benchmarks.compare.site import start
from benchmarks.guard import pixels
from benchmarks.limit import limit, measure

if TYPE_CHECKING:
    from PIL import Image

ROUNDS = 5


def main(name: str) -> None:
    from PIL import Image

    [candidate] = chosen(name)
    with tempfile.TemporaryDirectory() as folder:
        start(candidate, Path(folder))
        with Image.open(made("12mp")) as twelve, Image.open(made("48mp")) as large:
            originals = kinds(twelve, large) | {"PNG, 12 MP, RGBA": made("png").read_bytes()}
        for kind, content in originals.items():
            ratio, base = compare(content)
            print(f"| {candidate.label} | {kind} | {ratio:.2f} | {base:.0f} ms |", flush=True)


def kinds(twelve: Image.Image, large: Image.Image) -> dict[str, bytes]:
    """The photographs in every form that a camera or an editor gives them."""
    from tests.drawing import swapped_srgb, to_bytes

    small, middle = large.resize((1200, 1600)), large.resize((4000, 6000))
    forms: dict[str, dict[str, Any]] = {
        "": {},
        ", 4:4:4": {"subsampling": 0},
        ", progressive": {"progressive": True},
        ", with a profile to convert": {"icc_profile": swapped_srgb()},
    }
    jpegs = {
        f"JPEG, 12 MP{title}": to_bytes(twelve, quality=90, **form) for title, form in forms.items()
    }
    for mode in ("L", "CMYK"):
        jpegs[f"JPEG, 12 MP, {mode}"] = to_bytes(twelve.convert(mode), quality=90)
    for title, picture in (("2 MP", small), ("24 MP", middle), ("49 MP", large)):
        jpegs[f"JPEG, {title}"] = to_bytes(picture, quality=90)
    pngs = {"PNG, 2 MP": small, "PNG, 12 MP": twelve}
    return jpegs | {title: to_bytes(picture, "PNG") for title, picture in pngs.items()}


def compare(content: bytes) -> tuple[float, float]:
    """The ratio, and the CPU time of the limit in milliseconds."""
    works = (limit, pixels)
    for work in works:
        work(content)
    rounds = [[measure(work, content)[0] for work in works] for _round in range(ROUNDS)]
    base, own = (statistics.median(times) for times in zip(*rounds, strict=True))
    return own / base, base


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        print("| | original | of the limit | limit |\n|---|---|---|---|", flush=True)
        for each in ("polyimages", "polyimages-fast"):
            command = [sys.executable, "-m", "benchmarks.kinds", each]
            subprocess.run(command, cwd=PROJECT, check=True)
