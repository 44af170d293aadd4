"""The threads that a process works with, made on first use and kept.

Pillow releases the GIL in all its heavy calls, so threads are enough. Slots wait for encoders and
nothing waits for a slot from inside, so the pools cannot lock each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Literal, TypeVar

from django_polyimages.conf import get_settings

Pool = Literal["slots", "encoders", "transfers", "deletions"]
"""``slots`` decode and scale: memory is bounded by their number, not by that of the requests (a
thread per upload behind a semaphore would not do: glibc keeps an arena for every thread it has
seen). ``encoders`` are one a core. ``transfers`` and ``deletions`` wait for the storage, apart from
each other, so that a thousand deletions do not hold up an upload.
"""
_TRANSFERS: Final = 10  # two uploads of an original and four versions
_DELETIONS: Final = 4

_T = TypeVar("_T")
_pools: dict[Pool, ThreadPoolExecutor] = {}
_lock = threading.Lock()


def submit(pool: Pool, work: Callable[..., _T], *arguments: Any) -> Future[_T]:
    """Run ``work`` in a thread of ``pool``."""
    with _lock:
        if pool not in _pools:
            _pools[pool] = ThreadPoolExecutor(_size_of(pool), f"polyimages-{pool}")
        executor = _pools[pool]
    return executor.submit(work, *arguments)


def _size_of(pool: Pool) -> int:
    sizes: dict[Pool, int] = {
        "slots": get_settings().max_concurrency,
        "encoders": os.cpu_count() or 1,
        "transfers": _TRANSFERS,
        "deletions": _DELETIONS,
    }
    return sizes[pool]


def _forget() -> None:
    """Threads do not survive a fork: a child (gunicorn --preload, Celery) starts its own."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()


os.register_at_fork(after_in_child=_forget)
