"""Ends a command cleanly: after a signal, or when nobody reads its output any more."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_polyimages.operations.timing import Stop

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class EndingCleanly(BaseCommand):
    """A command that ends without a traceback when a pipe is closed, as by ``| head``."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            output = super().execute(*args, **options)
            self.stdout.flush()
        except BrokenPipeError as error:
            _discard_output()
            raise CommandError("It was stopped: nobody reads its output any more.") from error
        return output


def _discard_output() -> None:
    """Or Python would complain of what is still in its buffer."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
