"""On a real terminal, which is the other end of a pseudo-terminal, and elsewhere."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management.base import BaseCommand

from django_polyimages.management import progress as module
from django_polyimages.management.progress import progress_of

pty = pytest.importorskip("pty", reason="only Unix has pseudo-terminals")
termios = pytest.importorskip("termios")


class Command(BaseCommand):
    """Counts to ``total``."""

    def handle(self, *args: Any, **options: Any) -> None:
        with progress_of(self, options) as progress:
            progress.expect("images", options["total"])
            for number in range(options["total"]):
                progress("images")
                if number == 1:
                    progress.write("a line of its own")
                    progress.write_error("a fault")


def run(stderr: Any, **options: Any) -> str:
    """What the command prints to stdout."""
    out = io.StringIO()
    command = Command(stdout=out, stderr=stderr, no_color=True)
    command.execute(
        **{"verbosity": 1, "total": 3, "json": False, "skip_checks": True, "no_color": True,
           "force_color": False, "stdout": None, "stderr": None} | options
    )  # fmt: skip
    return out.getvalue()


@contextmanager
def terminal(width: int = 100) -> Iterator[tuple[Any, list[str]]]:
    """A stream to write to, and what the terminal has shown, after the block."""
    shown: list[str] = []
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, width))

    def read() -> None:
        try:
            while some := os.read(master, 4096):
                shown.append(some.decode())
        except OSError:  # how Linux says that the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with os.fdopen(slave, "w") as stream:
            yield stream, shown
    finally:
        reader.join()
        os.close(master)


@pytest.mark.parametrize("width", [100, 0])
def test_a_terminal_shows_a_bar(width):
    with terminal(width) as (stream, shown):
        out = run(stream)
    text = "".join(shown)
    assert "images: 100%" in text
    assert "3/3" in text
    assert "\r" in text
    assert out == "a line of its own\n"


def test_lines_do_not_tear_the_bar():
    with terminal() as (stream, shown):
        run(stream)
    [line] = [line for line in "".join(shown).split("\n") if "a fault" in line]
    before, after = line.split("a fault")
    assert not before.rpartition("\r")[2].strip()  # the bar was wiped away
    assert not after.strip()


def test_what_has_no_total_is_counted():
    with terminal() as (stream, shown):
        command = Command(stdout=io.StringIO(), stderr=stream)
        with progress_of(command, {"verbosity": 1}) as progress:
            progress("files listed", 1000)
            progress("rows read", 200)
    text = "".join(shown)
    assert "files listed: 1000it" in text
    assert "rows read: 200it" in text


@pytest.mark.parametrize("options", [{"json": True}, {"verbosity": 0}])
def test_nothing_is_shown_to_who_wants_nothing(options):
    with terminal() as (stream, shown):
        run(stream, **options)
    assert "".join(shown).strip() == "a fault"


def test_without_a_terminal_there_is_a_line_now_and_then(monkeypatch):
    now = iter([0, 1, 6, 6, 7])  # the start, the images, and after the one line that is due
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    err = io.StringIO()
    run(err)
    assert err.getvalue() == "images: 2 of 3\na fault\n"


def test_a_line_without_a_total_only_counts(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0)
    err = io.StringIO()
    with progress_of(Command(stderr=err), {"verbosity": 1}) as progress:
        progress("rows read", 1500)
    assert err.getvalue() == "rows read: 1,500\n"
