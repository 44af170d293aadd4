from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from django_polyimages import Busy
from django_polyimages.conf import get_settings
from django_polyimages.pipeline import slots
from django_polyimages.pipeline.slots import slot

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    monkeypatch.setattr(slots, "_queue", slots._Queue())
    return slots._queue


@pytest.fixture
def options(settings):
    def use(**options):
        settings.POLYIMAGES = settings.POLYIMAGES | {
            name.upper(): value for name, value in options.items()
        }

    return use


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Requests:
    """They wait for slots, each in its thread; ``served`` has them in order."""

    def __init__(self, queue) -> None:
        self.queue = queue
        self.served: list[str] = []
        self.ends: dict[str, threading.Event] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, name: str, memory: int = 1) -> None:
        """The first letter of the name is the organization. Returns when it is in the queue."""
        self.ends[name] = threading.Event()
        self.threads.append(threading.Thread(target=self._work, args=[name, memory]))
        known = self._known()
        self.threads[-1].start()
        until(lambda: self._known() > known)

    def _known(self) -> int:
        waiting = sum(map(len, list(self.queue._waiting.values())))
        return waiting + len(self.served)

    def _work(self, name: str, memory: int) -> None:
        with slot(name[0], memory):
            self.served.append(name)
            assert self.ends[name].wait(5)

    def finish(self, name: str) -> None:
        """End the work of this one, and let whoever is next start."""
        until(lambda: name in self.served)
        running = len(self.queue._running)
        self.ends[name].set()
        until(lambda: len(self.queue._running) < running or len(self.served) > running)

    def finish_all(self) -> list[str]:
        for end in self.ends.values():
            end.set()
        for thread in self.threads:
            thread.join(5)
        return self.served


@pytest.fixture
def requests(queue):
    requests = Requests(queue)
    yield requests
    requests.finish_all()
    assert not queue._running
    assert not queue._waiting


def test_an_organization_that_floods_the_queue_delays_others_by_one_file(requests):
    for number in range(20):
        requests.ask(f"hostile {number}")
    requests.ask("member")
    assert len(requests.served) == 2
    requests.finish("hostile 0")
    until(lambda: len(requests.served) == 3)
    assert requests.served[2] == "member"


def test_several_organizations_take_turns_with_one_slot(requests, options):
    options(max_concurrency=1)
    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        requests.ask(name)
    assert requests.finish_all() == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_files_that_need_too_much_memory_together_come_one_after_the_other(requests, options):
    options(max_memory=100 * MIB, max_concurrency=4)
    requests.ask("a1", 60 * MIB)
    requests.ask("b1", 41 * MIB)
    requests.ask("c1", 1 * MIB)  # would fit, but then larger ones might wait forever
    assert requests.served == ["a1"]
    requests.finish("a1")
    until(lambda: len(requests.served) == 3)
    assert requests.served == ["a1", "b1", "c1"]


def test_a_file_that_needs_more_memory_than_there_ever_is_runs_alone(requests, options):
    options(max_memory=100 * MIB)
    requests.ask("a1", 500 * MIB)
    requests.ask("b1", 1 * MIB)
    assert requests.served == ["a1"]
    requests.finish("a1")
    until(lambda: requests.served == ["a1", "b1"])


def test_who_has_waited_too_long_is_told_and_makes_way(requests, options):
    options(max_wait=1, max_concurrency=1)
    requests.ask("a1")
    with pytest.raises(Busy) as caught, slot("b", 1):
        pass
    assert caught.value.retry_after == get_settings().max_wait
    assert requests.queue._waiting == {}


def test_waiting_can_be_interrupted(requests, options):
    options(max_concurrency=1)
    requests.ask("a1")

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    # Not SIGINT, which a shell lets its background jobs ignore.
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt), slot("b", 1):
            pass
    finally:
        signal.signal(signal.SIGALRM, before)
    assert requests.queue._waiting == {}


def test_work_that_fails_leaves_its_slot(queue):
    with pytest.raises(ZeroDivisionError), slot("a", 1):
        1 / 0  # noqa: B018
    assert queue._running == []


def test_a_forked_process_does_not_wait_for_the_work_of_its_parent(options):
    options(max_concurrency=1, max_wait=1)
    with slot("a", 1):
        child = os.fork()
        if child == 0:
            with slot("b", 1):
                os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
