"""The thread pools of a process, created on first use.

Pillow releases the GIL in all expensive calls, so threads are enough. Slots wait for encoders, but
no pool waits for slots, so the pools cannot deadlock.

The interpreter waits for the threads of Python's own pools when it exits, and a storage that does
not answer would hold it for minutes. So those that wait for the storage are daemons. Their callers
wait for them as long as it makes sense.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, Literal, TypeVar

from django_polyimages.conf import get_settings

Pool = Literal["slots", "encoders", "transfers", "deletions"]
"""``slots`` decode and scale; ``pipeline/slots`` says whose turn it is. (The threads of requests
would need more memory, because glibc keeps an arena for each thread.) There is one encoder per
core. ``transfers`` and ``deletions`` wait for the storage; they are separate, so
that a thousand deletions do not delay an upload.
"""
_TRANSFERS: Final = 10  # enough for two uploads of an original and four versions
_DELETIONS: Final = 4

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_pools: dict[Pool, Executor] = {}
_lock = threading.Lock()


class Daemons(Executor):
    """A pool of daemon threads. When the interpreter exits, it ends them at once."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name, self._started = size, name, 0
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._starting = threading.Lock()

    def submit(self, work: Callable[..., _T], /, *arguments: Any, **options: Any) -> Future[_T]:
        future, run = _prepared(partial(work, *arguments, **options))
        self._work.put(run)
        with self._starting:
            if self._started < self._size:
                name = f"{self._name}_{self._started + 1}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
                self._started += 1
        return future

    def _serve(self) -> None:
        while True:
            self._work.get()()


def _prepared(work: Callable[[], _T]) -> tuple[Future[_T], Callable[[], None]]:
    """A future, and what a thread calls to do the work unless that is cancelled."""
    future: Future[_T] = Future()
    todo = [(future, work)]
    # What is cancelled stays in the queue, but must not keep its files in memory.
    future.add_done_callback(lambda _future: todo.clear())
    return future, partial(_run, todo)


def _run(todo: list[tuple[Future[_T], Callable[[], _T]]]) -> None:
    try:
        future, work = todo.pop()
    except IndexError:
        return
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 (the caller gets it)
        future.set_exception(error)
        # The error refers to this frame. If this referred to the error, both would keep pictures
        # and files in memory until garbage is collected.
        del future, work
    else:
        future.set_result(result)


def submit(pool: Pool, work: Callable[..., _T], *arguments: Any) -> Future[_T]:
    """Run ``work`` in a thread of ``pool``. Raises ``RuntimeError``, and never begins, if no thread
    can be started: the process exits, or has as many as the system allows.
    """
    with _lock:
        if pool not in _pools:
            kind = Daemons if pool in ("transfers", "deletions") else ThreadPoolExecutor
            _pools[pool] = kind(_size_of(pool), f"polyimages-{pool}")
        executor = _pools[pool]
    future, run = _prepared(partial(work, *arguments))
    try:
        executor.submit(run)
    except RuntimeError:  # yet it may be in the queue, and another thread may have begun it
        if future.cancel():
            raise
    return future


def shared(pool: Pool, work: Callable[[_Item], _T], items: Iterable[_Item], /) -> list[_T]:
    """The results of ``work`` for each item, in their order.

    Threads of ``pool`` that are free help. This thread does what none of them has begun, so it
    needs none: neither a free one, nor a new one when no more can be started.
    """
    first, *others = items
    helping: list[Future[_T]] = []
    try:
        with suppress(RuntimeError):
            for item in others:
                helping.append(submit(pool, work, item))
        results = [work(first)]
        for number, item in enumerate(others):
            is_left = number >= len(helping) or helping[number].cancel()
            results.append(work(item) if is_left else helping[number].result())
    finally:
        wait([future for future in helping if not future.cancel()])
        helping.clear()  # an error refers to this frame, as in ``_run()``
    return results


def _size_of(pool: Pool) -> int:
    sizes: dict[Pool, int] = {
        "slots": get_settings().max_concurrency,
        "encoders": os.cpu_count() or 1,
        "transfers": _TRANSFERS,
        "deletions": _DELETIONS,
    }
    return sizes[pool]


def _forget() -> None:
    """Threads do not survive a fork, so a child (gunicorn --preload, Celery) starts its own."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()


os.register_at_fork(after_in_child=_forget)
