"""Ends a command cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Final

from django_polyimages.operations.timing import Stop

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_signals(seconds: float = inf) -> Iterator[Stop]:
    """A ``Stop`` that Ctrl-C and SIGTERM ask, or that ends after ``seconds``.

    A second signal ends the process at once.
    """
    stop = Stop(seconds)
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return

    def ask(_number: int, _frame: object) -> None:
        stop.ask()
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
