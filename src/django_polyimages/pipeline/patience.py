"""How long a request waits for the storage: never longer than ``STORAGE_TIMEOUT`` in all."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django_polyimages.conf import get_settings


class Patience:
    """The seconds that one action still has to wait for the storage, however often it waits."""

    def __init__(self, seconds: float | None = None) -> None:
        """``STORAGE_TIMEOUT``, unless ``seconds`` is given."""
        self._seconds = float(get_settings().storage_timeout if seconds is None else seconds)

    @classmethod
    def for_writes(cls) -> Patience:
        """``STORAGE_TIMEOUT``, or what is left of it within ``waiting_together()``."""
        return _together.get() or cls()

    @classmethod
    def for_deletions(cls) -> Patience:
        """Half of ``STORAGE_TIMEOUT``: a deletion may follow writes in the same request, and what
        it does not reach is recorded.
        """
        return cls(get_settings().storage_timeout / 2)

    def wait(self, work: Collection[Future[Any]]) -> None:
        """Wait until all ``work`` has ended or the time is up. What has not begun by then is
        cancelled, so that a storage that does not answer makes no queue.
        """
        begun = time.monotonic()
        late = wait(work, timeout=self._seconds).not_done
        self._seconds = max(0.0, self._seconds - (time.monotonic() - begun))
        for one in late:
            one.cancel()

    @property
    def has_ended(self) -> bool:
        """Whether no time is left: what would be begun now could only fail."""
        return self._seconds <= 0


_together: Final[ContextVar[Patience | None]] = ContextVar("polyimages_patience", default=None)


@contextmanager
def waiting_together() -> Iterator[None]:
    """Let all writes, and the reading of pending uploads, wait in this block for the storage no
    longer than one of them may: fifty files
    of one request would hold a worker for a quarter of an hour otherwise. A block within another
    one shares its time.
    """
    before = _together.set(_together.get() or Patience())
    try:
        yield
    finally:
        _together.reset(before)


def error_of(work: Future[Any]) -> BaseException | None:
    """The error of work that has been waited for: a ``TimeoutError`` if it has not ended."""
    if work.cancelled() or not work.done():
        return too_late()
    return work.exception()


def too_late() -> TimeoutError:
    return TimeoutError("The storage has not answered within STORAGE_TIMEOUT.")
