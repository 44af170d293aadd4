from __future__ import annotations

import gc
import os
import sys
import threading
import time
import weakref

import pytest

from django_polyimages.pipeline import generation, threads
from django_polyimages.pipeline.generation import generate
from django_polyimages.pipeline.threads import Daemons
from django_polyimages.pixels.inspection import inspect
from django_polyimages.specs import DEFAULT_VERSIONS
from django_polyimages.storage.s3 import s3_storage
from tests.drawing import photo, upload_of


def test_a_forked_process_gets_pools_of_its_own():
    assert threads.submit("transfers", lambda: 1).result() == 1
    child = os.fork()
    if child == 0:
        answer = threads.submit("transfers", lambda: 7).result(timeout=5)
        os._exit(answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_many_uploads_at_once_use_no_more_slots_than_allowed(monkeypatch):
    at_work, most = [], []
    real = generation.decode

    def decode(*args, **options):
        at_work.append(1)
        most.append(len(at_work))
        result = real(*args, **options)
        at_work.pop()
        return result

    monkeypatch.setattr(generation, "decode", decode)
    failures = []

    def work():
        events = list(generate(upload_of(content), facts, DEFAULT_VERSIONS))
        failures.append(events[-1].failure)

    content = photo(1200, 900)
    facts = inspect(upload_of(content))
    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == [None] * 8
    assert max(most) <= 2


def test_the_client_of_s3_keeps_a_connection_for_each_thread_that_sends():
    """urllib3 drops those beyond the pool, and the next request needs a handshake."""
    config = s3_storage("photos")["OPTIONS"]["client_config"]
    assert config.max_pool_connections >= threads._TRANSFERS + threads._DELETIONS


@pytest.fixture
def no_collection():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def wait_until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class TestDaemons:
    """The threads that wait for a storage."""

    def test_do_not_keep_a_process_from_ending(self):
        threads.submit("transfers", lambda: None).result(5)
        threads.submit("deletions", lambda: None).result(5)
        waiting = [one for one in threading.enumerate() if one.name.startswith("polyimages-")]
        kinds = {one.name.split("_")[0]: one.daemon for one in waiting}
        assert kinds["polyimages-transfers"] is kinds["polyimages-deletions"] is True

    def test_are_no_more_than_allowed_and_each_does_one_thing_at_a_time(self):
        pool, go_on, begun = Daemons(3, "test"), threading.Event(), []

        def work(number):
            begun.append(number)
            assert go_on.wait(30)
            return number

        futures = [pool.submit(work, number) for number in range(7)]
        while len(begun) < 3:
            time.sleep(0.01)
        time.sleep(0.1)
        assert sorted(begun) == [0, 1, 2]
        go_on.set()
        assert [one.result(5) for one in futures] == list(range(7))

    def test_hand_errors_to_whoever_waits_and_go_on(self):
        pool = Daemons(1, "test")
        with pytest.raises(SystemExit):
            pool.submit(sys.exit, 3).result(5)
        assert pool.submit(int, "7").result(5) == 7

    def test_failed_work_keeps_nothing_in_memory(self, no_collection):
        class Picture:
            def fail(self):
                raise MemoryError

        pool, picture = Daemons(1, "test"), Picture()
        gone = weakref.ref(picture)
        failed = pool.submit(picture.fail)
        with pytest.raises(MemoryError):
            failed.result(5)
        del picture, failed
        wait_until(lambda: gone() is None)

    def test_cancelled_work_keeps_nothing_in_memory(self):
        """A storage that does not answer holds the queue for minutes, and pictures are large."""

        class Picture:
            pass

        pool, go_on, picture = Daemons(1, "test"), threading.Event(), Picture()
        gone = weakref.ref(picture)
        pool.submit(go_on.wait, 30)
        queued = pool.submit(id, picture)
        del picture
        assert gone() is not None
        assert queued.cancel()
        gc.collect()
        assert gone() is None
        go_on.set()


def no_thread_starts(monkeypatch) -> None:
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_pools", {})
    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.mark.parametrize("pool", ["slots", "encoders", "transfers", "deletions"])
def test_work_that_was_refused_never_begins_and_the_pool_recovers(monkeypatch, pool):
    done = []
    with monkeypatch.context() as patch:
        no_thread_starts(patch)
        for _time in range(20):
            with pytest.raises(RuntimeError, match="can't start"):
                threads.submit(pool, done.append, "refused")
        pools = threads._pools
    monkeypatch.setattr(threads, "_pools", pools)
    threads.submit(pool, done.append, "begun").result(5)
    assert done == ["begun"]


class TestShared:
    def test_results_are_in_the_order_of_the_items(self):
        assert threads.shared("encoders", lambda number: number * number, range(9)) == [
            number * number for number in range(9)
        ]

    def test_a_free_thread_helps(self):
        """Each of the two waits for the other."""
        both = threading.Barrier(2)
        threads.shared("encoders", lambda _item: both.wait(timeout=60), range(2))

    def test_it_does_not_wait_for_a_busy_pool(self):
        end = threading.Event()
        busy = [threads.submit("encoders", end.wait, 5) for _ in range(4 * os.cpu_count())]
        try:
            assert threads.shared("encoders", str, [1, 2, 3]) == ["1", "2", "3"]
            assert not all(future.done() for future in busy)
        finally:
            end.set()

    def test_a_busy_pool_keeps_nothing_in_memory(self):
        """What it has not begun stays in its queue, and a decoded picture may have 100 MB."""

        class Picture:
            def strip(self, number):
                return number

        end, picture = threading.Event(), Picture()
        gone = weakref.ref(picture)
        for _ in range(2 * os.cpu_count()):
            threads.submit("encoders", end.wait, 5)
        try:
            assert threads.shared("encoders", picture.strip, range(4)) == [0, 1, 2, 3]
            del picture
            gc.collect()
            assert gone() is None
        finally:
            end.set()

    def test_a_failure_of_a_helper_keeps_nothing_in_memory(self, no_collection):
        class Picture:
            def __init__(self):
                self.begun = threading.Barrier(2)

            def strip(self, number):
                self.begun.wait(timeout=60)
                if number == 1:
                    raise MemoryError

        picture = Picture()
        gone = weakref.ref(picture)
        with pytest.raises(MemoryError):
            threads.shared("encoders", picture.strip, range(2))
        del picture
        wait_until(lambda: gone() is None)

    @pytest.mark.parametrize("running", [0, 1])
    def test_it_needs_no_thread(self, monkeypatch, running):
        """The process may have as many as the system allows, or be about to exit."""
        monkeypatch.setattr(threads, "_pools", {})
        for _ in range(running):
            threads.submit("encoders", int).result(5)

        pools = threads._pools
        no_thread_starts(monkeypatch)
        threads._pools = pools
        done = []
        results = threads.shared("encoders", lambda item: done.append(item) or -item, range(5))
        assert results == [0, -1, -2, -3, -4]
        assert sorted(done) == [0, 1, 2, 3, 4]

    def test_a_failure_is_told_when_no_thread_uses_the_items_any_longer(self):
        begun, at_work = threading.Barrier(2), []

        def work(item):
            begun.wait(timeout=60)
            if item == 0:
                raise ValueError("first")
            at_work.append(item)
            time.sleep(0.1)
            at_work.remove(item)

        with pytest.raises(ValueError, match="first"):
            threads.shared("encoders", work, [0, 1])
        assert at_work == []

    def test_a_failure_of_a_helper_is_told(self):
        begun = threading.Barrier(2)

        def work(item):
            begun.wait(timeout=60)
            if item == 1:
                raise ValueError("second")

        with pytest.raises(ValueError, match="second"):
            threads.shared("encoders", work, [0, 1])
