from __future__ import annotations

import os
import signal
import threading

import pytest

from django_polyimages.management.signals import stopped_by_signals
from django_polyimages.operations.timing import Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_a_second_one_ends_the_process(number):
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with stopped_by_signals() as stop:
        assert not stop.is_due
        os.kill(os.getpid(), number)
        assert stop.is_asked
        assert signal.getsignal(number) == signal.SIG_DFL
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_other_threads_have_no_signals():
    stops: list[Stop] = []

    def work() -> None:
        with stopped_by_signals() as stop:
            stops.append(stop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not stops[0].is_due


def test_it_may_be_a_matter_of_time():
    with stopped_by_signals(0) as stop:
        assert (stop.is_due, stop.is_asked) == (True, False)
