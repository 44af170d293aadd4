"""When an operation ends, how fast it may be, and who watches it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import TypeAlias, TypeVar

Watch: TypeAlias = Callable[[str, int], object]
"""Is told what was done, such as ``images``, and how many more of them."""
_Item = TypeVar("_Item")


def unwatched(_what: str, _number: int) -> None:
    """A ``Watch`` of nobody."""


def watched(items: Iterable[_Item], what: str, watch: Watch) -> Iterator[_Item]:
    """The same items, each of which is told to ``watch``."""
    for item in items:
        watch(what, 1)
        yield item


class Stop:
    """Whether an operation should end: it was asked to, or its time is up.

    It then finishes what it has begun, and begins nothing more.
    """

    def __init__(self, seconds: float = inf) -> None:
        """``seconds`` are counted from now."""
        self._asked = threading.Event()
        self._end = time.monotonic() + seconds

    def ask(self) -> None:
        """End soon. May be called by a signal handler or another thread."""
        self._asked.set()

    @property
    def is_asked(self) -> bool:
        """Whether somebody has asked for it."""
        return self._asked.is_set()

    @property
    def seconds_left(self) -> float:
        """Zero if it is due."""
        return 0.0 if self.is_asked else max(0.0, self._end - time.monotonic())

    @property
    def is_due(self) -> bool:
        """Whether the operation should end."""
        return not self.seconds_left

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than the operation may last."""
        self._asked.wait(min(seconds, self.seconds_left, threading.TIMEOUT_MAX))


def until_asked(items: Iterable[_Item], stop: Stop | None) -> Iterator[_Item]:
    """The same items, until somebody asks ``stop``. Its time does not matter here."""
    for item in items:
        if stop is not None and stop.is_asked:
            return
        yield item


class Pace:
    """Sleeps so that not more than ``rate`` units are spent in a second."""

    def __init__(self, rate: float, sleep: Callable[[float], object] = time.sleep) -> None:
        self._rate = rate
        self._sleep = sleep
        self._next = time.monotonic()

    def spend(self, number: float) -> None:
        """Wait after so many units."""
        now = time.monotonic()
        self._next = max(self._next, now - 1) + number / self._rate
        if self._next > now:
            self._sleep(self._next - now)
