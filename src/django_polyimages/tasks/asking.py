"""Asks the task engine, but not again and again while it does not answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from django.db import connections, transaction

logger = logging.getLogger("django_polyimages")
PATIENCE: Final = 1.0
"""Seconds that failures may take in all. Then the engine is not asked for a while: fifty uploads of
one request would wait for it fifty times.
"""
PAUSE: Final = 30.0
"""Seconds for which it is not asked then."""


class Engine:
    """What this process knows about the task engine."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._paused_until = 0.0

    @property
    def is_paused(self) -> bool:
        return time.monotonic() < self._paused_until

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Notice how long the block takes if it fails. A database error in it does not break the
        transactions that are open here, such as one in another database than that of the commit.
        """
        begun, is_done = time.monotonic(), False
        try:
            with _savepoints():
                yield
            is_done = True
        finally:
            now = time.monotonic()
            self._waited = 0.0 if is_done else self._waited + now - begun
            if self._waited >= PATIENCE:
                self._paused_until = now + PAUSE
                logger.warning(
                    "The task engine does not answer. It gets no jobs for %d seconds: the rows wait"
                    " for polyimages_generate --due or polyimages_maintain.",
                    PAUSE,
                )


@contextmanager
def _savepoints() -> Iterator[None]:
    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                stack.enter_context(transaction.atomic(using=connection.alias))
        yield
