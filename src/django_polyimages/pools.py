"""The threads that a process works with, made on first use and kept.

Pillow releases the GIL in all its heavy calls, so threads are enough. The three pools stand in a
row (slots wait for encoders, nothing waits for a slot from inside), so they cannot lock each other.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django_polyimages.conf import get_settings

TRANSFERS = 10
"""Storage calls at once: two uploads of an original and four versions."""


@cache
def slots() -> ThreadPoolExecutor:
    """Decodes and scales. Memory is bounded by its size, not by the number of requests; a thread
    per upload behind a semaphore would not do: glibc keeps an arena for every thread it has seen.
    """
    return ThreadPoolExecutor(get_settings().max_concurrency, "polyimages-slot")


@cache
def encoders() -> ThreadPoolExecutor:
    """Encodes versions, one thread a core."""
    return ThreadPoolExecutor(os.cpu_count() or 1, "polyimages-encoder")


@cache
def transfers() -> ThreadPoolExecutor:
    """Waits for the storage."""
    return ThreadPoolExecutor(TRANSFERS, "polyimages-transfer")


def _forget() -> None:
    for pool in (slots, encoders, transfers):
        pool.cache_clear()


# Threads do not survive a fork: a child (gunicorn --preload, Celery) starts its own.
os.register_at_fork(after_in_child=_forget)
