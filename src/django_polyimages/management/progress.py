"""How far a command is: a bar on a terminal, a line now and then elsewhere, always on stderr."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.core.management.base import BaseCommand, OutputWrapper
from tqdm import tqdm

EVERY: Final = 5.0
"""Seconds between two lines where there is no terminal."""


class Progress:
    """Shows nothing. Calling it tells what was done, and how many more of them."""

    def __init__(self, out: OutputWrapper, stderr: OutputWrapper) -> None:
        self._out = out
        self._stderr = stderr
        self._totals: dict[str, int] = {}

    def expect(self, what: str, total: int) -> None:
        """Tell how many there will be."""
        self._totals[what] = total

    def __call__(self, what: str, number: int = 1) -> None:
        """Tell that so many more are done."""

    def write(self, line: str) -> None:
        """Print a line of the command's output."""
        self._out.write(line)

    def write_error(self, line: str) -> None:
        """Print a line to stderr."""
        self._stderr.write(line)

    def write_all(self, lines: Iterable[str]) -> None:
        """Print several."""
        for line in lines:
            self.write(line)

    def close(self) -> None:
        """The command has ended."""


class _Lines(Progress):
    def __init__(self, out: OutputWrapper, stderr: OutputWrapper) -> None:
        super().__init__(out, stderr)
        self._done = Counter[str]()
        self._next = time.monotonic() + EVERY

    def __call__(self, what: str, number: int = 1) -> None:
        self._done[what] += number
        if time.monotonic() < self._next:
            return
        total = f" of {self._totals[what]:,}" if what in self._totals else ""
        self._stderr.write(f"{what}: {self._done[what]:,}{total}", _plain)
        self._next = time.monotonic() + EVERY


class _Bar(Progress):
    def __init__(self, out: OutputWrapper, stderr: OutputWrapper) -> None:
        super().__init__(out, stderr)
        self._terminal = _Terminal(stderr)
        self._what = ""
        self._bar: _Tqdm | None = None

    def __call__(self, what: str, number: int = 1) -> None:
        if self._bar is None or what != self._what:
            self.close()
            total = self._totals.get(what)
            self._what = what
            # A terminal that nobody gave a size has none, and the bar no place.
            width = os.get_terminal_size(self._stderr.fileno()).columns
            self._bar = _Tqdm(
                desc=what,
                total=total,
                file=self._terminal,
                dynamic_ncols=bool(width),
            )
        self._bar.update(number)

    def write(self, line: str) -> None:
        with self._above():
            super().write(line)

    def write_error(self, line: str) -> None:
        with self._above():
            super().write_error(line)

    @contextmanager
    def _above(self) -> Iterator[None]:
        """Print between the clearing and the drawing of the bar."""
        if self._bar is not None:
            self._bar.clear()
        yield
        self._out.flush()
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Tqdm(tqdm):  # type: ignore[type-arg]
    monitor_interval = 0  # no thread that looks after bars which are not updated


_Tqdm.set_lock(threading.RLock())  # else tqdm makes one that processes share, with a semaphore


class _Terminal:
    """A stream for tqdm: ``OutputWrapper`` would end each piece of a line with a new line."""

    def __init__(self, stderr: OutputWrapper) -> None:
        self._stderr = stderr

    def write(self, text: str) -> None:
        self._stderr.write(text, _plain, ending="")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stderr, name)


def _plain(text: str) -> str:
    return text


@contextmanager
def progress_of(command: BaseCommand, options: Mapping[str, Any]) -> Iterator[Progress]:
    """The progress of a command with these options: none with ``--json`` or ``--verbosity 0``."""
    out, stderr = command.stdout, command.stderr
    if options.get("json") or not options["verbosity"]:
        progress = Progress(out, stderr)
    else:
        progress = _Bar(out, stderr) if stderr.isatty() else _Lines(out, stderr)
    try:
        yield progress
    finally:
        progress.close()
