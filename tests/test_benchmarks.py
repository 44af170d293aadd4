"""The parts of the benchmarks whose results docs/scaling.md shows."""

from __future__ import annotations

import runpy
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


def test_the_plot_shows_the_figures_of_the_results():
    plot = runpy.run_path(str(PROJECT / "benchmarks" / "plot.py"))["plot"]
    assert (DOCS / "scaling.svg").read_text() == plot()
