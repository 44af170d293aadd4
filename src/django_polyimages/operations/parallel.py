"""The same work for many items, several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from django.db import connections

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_parallel(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, jobs: int
) -> Iterator[_Result]:
    """Yield the results of ``work`` as they come, for at most ``jobs`` items at a time.

    ``items`` is read in the thread of the caller, and never more than ``jobs`` ahead. If the caller
    stops early, or an error is raised, this waits for what has begun. With one job, everything is
    done in the thread of the caller, in its transaction. Otherwise each thread has database
    connections of its own, and closes them.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    todo: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
    done: SimpleQueue[Future[_Result]] = SimpleQueue()
    threads = [threading.Thread(target=_serve, args=[todo], daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    running = 0
    try:
        for item in items:
            todo.put(partial(_do, partial(work, item), done))
            running += 1
            if running == jobs:
                yield done.get().result()
                running -= 1
        for _ in range(running):
            yield done.get().result()
    finally:
        for _ in threads:
            todo.put(None)
        for thread in threads:
            thread.join()


def _serve(todo: SimpleQueue[Callable[[], None] | None]) -> None:
    try:
        while work := todo.get():
            work()
    finally:
        connections.close_all()


def _do(work: Callable[[], _Result], done: SimpleQueue[Future[_Result]]) -> None:
    future: Future[_Result] = Future()
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 (the caller gets it)
        future.set_exception(error)
    done.put(future)
