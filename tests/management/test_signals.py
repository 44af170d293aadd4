from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class

from django_polyimages.management import commands
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.operations.timing import Stop

COMMANDS = Path(commands.__file__).parent


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


@pytest.mark.parametrize("path", sorted(COMMANDS.glob("polyimages_*.py")), ids=lambda one: one.stem)
def test_a_command_whose_output_nobody_reads_ends_without_a_traceback(path):
    assert issubclass(type(load_command_class("django_polyimages", path.stem)), EndingCleanly)


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("name", ["audit", "deletions", "doctor", "generate", "maintain"])
def test_a_closed_pipe_ends_it(name, options):
    read, write = os.pipe()
    os.close(read)
    with (
        io.TextIOWrapper(io.FileIO(write, "w"), write_through=True) as out,
        pytest.raises(CommandError, match="nobody reads its output") as stopped,
    ):
        call_command(f"polyimages_{name}", *options, stdout=out)
    assert stopped.value.returncode == 1
