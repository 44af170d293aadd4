"""Processes that carry out one order each, and may be killed while they do.

They are forked from a process that has imported everything and started nothing, and wait for their
order with open connections, so that a kill costs no start of Python.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from django.db import connections

Order = Mapping[str, Any]
_SECONDS = 120
"""After which a child is taken to hang."""
_open: set[int] = set()
"""The parent's ends of all pipes, which a new child must not keep open."""


class Hanging(Exception):
    """A child did not answer."""


class Child:
    """One process. It does what the orders say until it is killed, or has nobody to ask."""

    def __init__(self, serve: Callable[[Pipe], None], log: str) -> None:
        connections.close_all()  # a connection must not be shared with the child
        orders, my_orders = os.pipe()
        my_answers, answers = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _serve(serve, Pipe(orders, answers), {*_open, my_orders, my_answers}, log)
        os.close(orders)
        os.close(answers)
        _open.update([my_orders, my_answers])
        self.pipe = Pipe(my_answers, my_orders)
        self.is_alive = True

    def kill(self) -> None:
        """Kill -9, and wait until it is dead."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.reap()

    def reap(self) -> None:
        os.waitpid(self.pid, 0)
        self.is_alive = False

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill it, if it is not dead yet."""
        self.kill()
        for end in (self.pipe.incoming, self.pipe.outgoing):
            _open.discard(end)
            os.close(end)


class Pipe:
    """Lines of JSON in both directions."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self._rest = b""

    def send(self, message: Mapping[str, Any]) -> None:
        os.write(self.outgoing, json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float = _SECONDS) -> dict[str, Any] | None:
        """The next message; None if the other side is gone. Raises ``Hanging`` after the time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self.incoming], [], [], left)[0]:
                raise Hanging(f"no answer within {seconds} seconds")
            new = os.read(self.incoming, 65536)
            if not new:
                return None
            self._rest += new
        line, _newline, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def _serve(serve: Callable[[Pipe], None], pipe: Pipe, strange: set[int], log: str) -> None:
    """The life of a child. Its end is sudden in any case: nothing is tidied up at exit."""
    try:
        for end in strange:
            os.close(end)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        serve(pipe)
    except BaseException:  # noqa: BLE001 (the parent must hear of it)
        pipe.send({"error": traceback.format_exc()})
    finally:
        os._exit(0)


class Pool:
    """A few children who are ready for an order."""

    def __init__(self, serve: Callable[[Pipe], None], log: str, size: int = 3) -> None:
        self._serve, self._log, self._size = serve, log, size
        self._waiting: deque[Child] = deque()

    def __enter__(self) -> Pool:
        self._fill()
        return self

    def __exit__(self, *error: object) -> None:
        for child in self._waiting:
            child.close()

    def take(self) -> Child:
        """A child that is ready; the caller closes it."""
        self._fill()
        child = self._waiting.popleft()
        ready = child.pipe.receive()
        assert ready == {"ready": True}, ready
        return child

    def _fill(self) -> None:
        while len(self._waiting) < self._size:
            self._waiting.append(Child(self._serve, self._log))
