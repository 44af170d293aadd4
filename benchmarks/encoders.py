"""The CPU time of each step of generating the versions of a 12-megapixel JPEG, by format.

.venv/bin/python benchmarks/encoders.py > benchmarks/results/encoders.md
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import replace

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DATABASE_URL"] = "sqlite://:memory:"

import example  # noqa: F401 (sets Django up)

from django.core.files.base import ContentFile

from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from django_polyimages.specs import CENTRE, DEFAULT_VERSIONS
from gallery import samples

ROUNDS = 7
FORMATS = ("WEBP", "JPEG", "AVIF")


def steps(content: bytes, kind: str) -> dict[str, float]:
    """Milliseconds of CPU time; everything in one thread, but AVIF encodes in several."""
    found, begun = {}, time.process_time()

    def done(name: str) -> None:
        nonlocal begun
        found[name] = (time.process_time() - begun) * 1000
        begun = time.process_time()

    file = ContentFile(content, "photo.jpg")
    todo = plan(inspect(file), [replace(spec, format=kind) for spec in DEFAULT_VERSIONS], CENTRE)
    picture = prepare(decode(file, todo), todo)
    done("decode")
    scaled = list(render(picture, todo))
    done("scale")
    for group, version in scaled:
        encode(version, group[0])
        done(f"encode {group[0].name}")
    return found


def main() -> None:
    content = samples.as_jpeg(samples.landscape(samples.DAWN, 1))
    measured: dict[str, list[dict[str, float]]] = {kind: [] for kind in FORMATS}
    for _number in range(ROUNDS):
        for kind in FORMATS:
            measured[kind].append(steps(content, kind))
    medians = {
        kind: {name: statistics.median(one[name] for one in runs) for name in runs[0]}
        for kind, runs in measured.items()
    }
    names = list(medians["WEBP"])
    print(f"| format | {' | '.join(names)} | all |\n|---|{'---|' * (len(names) + 1)}")
    for kind, times in medians.items():
        cells = " | ".join(f"{times[name]:.0f}" for name in names)
        print(f"| {kind} | {cells} | {sum(times.values()):.0f} ms |")


if __name__ == "__main__":
    main()
