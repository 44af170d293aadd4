from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from django_polyimages.operations import parallel
from django_polyimages.operations.parallel import in_parallel

LONG = 60
"""Seconds after which a test has failed; none ever waits so long."""


@pytest.fixture(autouse=True)
def closed(monkeypatch) -> list[int]:
    """The threads that have closed their connections."""
    found: list[int] = []

    class Connections:
        def close_all(self) -> None:
            found.append(threading.get_ident())

    monkeypatch.setattr(parallel, "connections", Connections())
    return found


def test_the_results_are_those_of_the_work():
    assert sorted(in_parallel(str.upper, "abcdefg", jobs=3)) == list("ABCDEFG")


def test_several_are_at_work_at_the_same_time():
    together = threading.Barrier(3)
    assert len(list(in_parallel(lambda _item: together.wait(LONG), range(6), jobs=3))) == 6


def test_one_job_is_done_in_the_thread_of_the_caller(closed):
    threads = set(in_parallel(lambda _item: threading.get_ident(), range(3), jobs=1))
    assert threads == {threading.get_ident()}
    assert closed == []


def test_items_are_read_in_the_thread_of_the_caller_and_not_far_ahead():
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            assert threading.current_thread() is threading.main_thread()
            read.append(number)
            yield number

    results = in_parallel(lambda number: number, items(), jobs=2)
    for _ in range(5):
        next(results)
    assert len(read) <= 5 + 2
    results.close()


def test_every_thread_closes_its_connections(closed):
    together = threading.Barrier(2)

    def work(_item: int) -> int:
        together.wait(LONG)
        return threading.get_ident()

    workers = set(in_parallel(work, range(2), jobs=2))
    assert len(workers) == 2
    assert set(closed) == workers


def test_who_stops_early_waits_for_what_has_begun(closed):
    is_waiting, ended = threading.Event(), []

    def work(number: int) -> None:
        if number:
            is_waiting.set()
            ended.append(number)

    results = in_parallel(work, range(2), jobs=2)
    next(results)
    results.close()
    assert ended == [1]
    assert len(closed) == 2


def test_an_error_reaches_the_caller_and_leaves_no_thread(closed):
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda number: 1 // number, [1, 0, 1], jobs=2))
    assert len(closed) == 2
    assert threading.active_count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="a database in memory stays open")
def test_connections_of_threads_are_closed(monkeypatch):
    monkeypatch.undo()
    wrappers = list(in_parallel(lambda _item: _connected(), range(4), jobs=2))
    assert [one.connection for one in wrappers] == [None] * 4


def _connected():
    from django.db import connections

    wrapper = connections["default"]
    wrapper.ensure_connection()
    assert wrapper.connection is not None
    return wrapper
