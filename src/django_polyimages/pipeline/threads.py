"""The thread pools of a process, created on first use.

Pillow releases the GIL in all expensive calls, so threads are enough. Slots wait for encoders, but
no pool waits for slots, so the pools cannot deadlock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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
    """Threads do not survive a fork, so a child (gunicorn --preload, Celery) starts its own."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()


os.register_at_fork(after_in_child=_forget)
