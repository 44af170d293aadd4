"""``make bench`` and ``make bench-guard``, whose results docs/performance.md shows."""

from __future__ import annotations

import colorsys
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks import guard
from benchmarks.compare import page, site
from benchmarks.compare.drawing import draw
from benchmarks.compare.figures import Figures
from benchmarks.compare.job import RESULTS
from benchmarks.compare.slow_proxy import REQUESTS, slow_proxy
from benchmarks.compare.tables import markdown
from tests.documents import PROJECT
from tests.drawing import photo
from tests.faults.serving import serving


def cell(task: str, candidate: str, folder: Path, **more: object) -> dict[str, Any]:
    """The result of a measurement by ``make bench``, in a process of its own."""
    order = {"task": task, "candidate": candidate, "folder": str(folder), **more}
    command = [sys.executable, "-m", "benchmarks.compare.cell", json.dumps(order)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("candidate", ["polyimages", "by-hand"])
def test_a_candidate_does_its_job(tmp_path, candidate):
    original, folder = tmp_path / "photo.jpg", tmp_path / "site"
    original.write_bytes(photo(2400, 1800))
    cell("prepare", candidate, folder, images=100)
    found = cell("list", candidate, folder)
    assert [found[when]["queries"] for when in ("cold", "warm")] == [1, 1]
    assert set(found["cold"]["calls"]) == {"url"}
    found = cell("upload", candidate, folder, original=str(original))
    assert [version["format"] for version in found["versions"]] == ["WEBP"] * 4
    assert found["calls"]["save"] == 5
    assert found["cpu"] > 0
    assert found["wall"] > 0


def test_without_the_extra_its_modules_cannot_be_imported(monkeypatch):
    monkeypatch.setattr(site, "modules_of_fast", lambda: ["colorsys"])
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)  # restored after the test
    site.hide_fast()
    with pytest.raises(ImportError):
        importlib.import_module("colorsys")


def test_the_slow_proxy_passes_requests_on_and_counts_them(tmp_path):
    class Upstream(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("X-Host", self.headers["Host"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[::-1])

        def do_DELETE(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), Upstream)) as upstream,
        slow_proxy(f"http://127.0.0.1:{upstream.server_address[1]}", 0) as proxy,
        closing(HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)) as client,
    ):
        for _time in range(2):
            client.request("PUT", "/key", b"abc", {"Host": "signed.example.com"})
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (201, b"cba")
            assert answer.headers["X-Host"] == "signed.example.com"
        client.request("DELETE", "/key")
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
        for expected in ({"PUT": 2, "DELETE": 1}, {}):
            client.request("GET", REQUESTS)
            assert json.load(client.getresponse()) == expected


class Clock:
    """A CPU clock that runs only while works do."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds

        return run


@pytest.mark.parametrize("second_decode", [0, 0.08])
def test_the_guard_refuses_a_second_decode(second_decode):
    clock = Clock()
    works = {
        "limit 12mp": clock.work(0.40),
        "limit 48mp": clock.work(0.50),
        "upload 12mp": clock.work(0.59 + second_decode),
        "pixels 12mp": clock.work(0.58 + second_decode),
        "pixels 48mp": clock.work(0.74 + second_decode),
        "list": clock.work(0.014),
        "bare list": clock.work(0.010),
    }
    refused, times = guard.check(works, guard.BOUNDS["polyimages"], 60, clock)
    assert [sentence.split(":")[0] for sentence in refused] == (
        ["pixels 12mp", "pixels 48mp", "upload 12mp"] if second_decode else []
    )
    # What exceeds a bound is measured again before it is refused.
    assert {len(each) for each in times.values()} == {
        2 * guard.ROUNDS if second_decode else guard.ROUNDS
    }


def test_the_guard_takes_no_more_rounds_than_there_is_time_for():
    times: dict[str, list[float]] = {}
    guard.measure({"work": lambda: None}, times, end=0)
    assert len(times["work"]) == guard.FEWEST


def test_the_page_and_its_plot_show_the_figures_of_the_results():
    figures = Figures.read()
    text = page.PAGE.read_text()
    assert page.filled(text, figures) == text
    assert page.PLOT.read_text() == draw(figures)
    readme = page.README.read_text()
    assert page.plotted(readme, figures) == readme
    assert (RESULTS / "compare.md").read_text() == markdown(figures)
