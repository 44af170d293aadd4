"""The parts of the benchmarks whose results docs/scaling.md and docs/performance.md show."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from random import Random

import pytest

from tests.documents import DOCS, PROJECT

DAY = runpy.run_path(str(PROJECT / "benchmarks" / "day.py"))


@pytest.mark.parametrize(
    ("cores", "waits", "queue"),
    [
        (1, [0, 2, 4, 0], 2),  # until 3, 6, 9; then nobody waits
        (2, [0, 0, 1, 0], 1),
        (3, [0, 0, 0, 0], 0),
    ],
)
def test_an_image_waits_for_the_next_free_core(cores, waits, queue):
    found = DAY["simulate"]([0, 1, 2, 20], [3, 3, 3, 3], cores)
    assert (found.longest, found.queue) == (max(waits), queue)
    assert found.median == sorted(waits)[1] / 2 + sorted(waits)[2] / 2


def test_as_many_images_arrive_as_were_asked_for_most_of_them_in_the_evening():
    moments = list(DAY["arrivals"](20_000, Random(1)))
    assert len(moments) == pytest.approx(20_000, rel=0.03)
    assert moments == sorted(moments)
    evening = sum(19 * 3600 <= moment < 21 * 3600 for moment in moments)
    assert evening == pytest.approx(2 * 20_000 / 12, rel=0.1)


@pytest.mark.slow
def test_the_lists_are_measured_and_cost_as_many_queries_for_200_images_as_for_20():
    command = [sys.executable, PROJECT / "benchmarks" / "lists.py", "--rounds", "1", "--json"]
    without_database = {name: one for name, one in os.environ.items() if name != "DATABASE_URL"}
    told = subprocess.run(command, env=without_database, capture_output=True, check=True).stdout
    queries = {row["name"]: row["queries"] for row in map(json.loads, told.splitlines())}
    pages = [name.removesuffix(", 200 images") for name in queries if ", 200 images" in name]
    assert len(pages) == 4
    assert all(queries[f"{page}, 20 images"] == queries[f"{page}, 200 images"] for page in pages)
    assert all(number == 1 for name, number in queries.items() if name.startswith("URLs, "))


@pytest.mark.parametrize(("name", "draw"), [("scaling", "plot"), ("growth", "plot_rows")])
def test_the_plot_shows_the_figures_of_the_results(name, draw):
    plot = runpy.run_path(str(PROJECT / "benchmarks" / "plot.py"))[draw]
    assert (DOCS / f"{name}.svg").read_text() == plot()
