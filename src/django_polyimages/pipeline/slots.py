"""Who decodes next: one organization after the other, as many at a time as memory allows.

The thread of a request waits for its own turn, so waiting costs no other thread and can be
interrupted. Nothing that has a slot waits for a slot.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_polyimages.conf import get_settings
from django_polyimages.errors import Busy


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    owner: Hashable
    memory: int


@contextmanager
def slot(owner: Hashable, memory: int) -> Iterator[None]:
    """Wait for a slot for work that needs ``memory`` bytes, and hold it during the block.

    ``owner`` is the primary key of an organization: those with the least work in slots are first.
    Raises ``Busy`` after ``MAX_WAIT`` seconds.
    """
    queue, turn = _queue, _Turn(owner, memory)
    try:
        queue.wait(turn)
        yield
    finally:
        queue.leave(turn)


class _Queue:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, deque[_Turn]] = {}
        """By owner; those who have had a turn go to the end."""
        self._running: list[_Turn] = []

    def wait(self, turn: _Turn) -> None:
        limit = get_settings().max_wait
        with self._changed:
            self._waiting.setdefault(turn.owner, deque()).append(turn)
            if not self._changed.wait_for(lambda: self._may_run(turn), limit):
                message = _("Too many other images are being processed; try again later.")
                raise Busy(message, retry_after=limit)
            self._running.append(turn)
            self._stop_waiting(turn)
            self._changed.notify_all()

    def leave(self, turn: _Turn) -> None:
        """Make way for others, whether or not it was this one's turn."""
        with self._changed:
            self._stop_waiting(turn)
            if turn in self._running:
                self._running.remove(turn)
            self._changed.notify_all()

    def _may_run(self, turn: _Turn) -> bool:
        """Whether this one is next. Nobody overtakes one that needs more memory than there is now,
        or it might wait forever. One that needs more than there ever is runs alone.
        """
        settings, running = get_settings(), self._running
        at_work = Counter(one.owner for one in running)
        owner = min(self._waiting, key=lambda owner: at_work[owner])  # of several, the first
        if self._waiting[owner][0] is not turn or len(running) >= settings.max_concurrency:
            return False
        return not running or sum(one.memory for one in [turn, *running]) <= settings.max_memory

    def _stop_waiting(self, turn: _Turn) -> None:
        turns = self._waiting.get(turn.owner, ())
        if turn in turns:
            turns = self._waiting.pop(turn.owner)
            turns.remove(turn)
            if turns:
                self._waiting[turn.owner] = turns


_queue = _Queue()


def _forget() -> None:
    """Those who wait do not survive a fork, and neither does their work."""
    global _queue
    _queue = _Queue()


os.register_at_fork(after_in_child=_forget)
