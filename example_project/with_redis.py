"""A Redis server of its own for one command: ``python with_redis.py COMMAND``.

The server listens on a free port, which ``REDIS_URL`` tells the command, keeps nothing on the disk
and ends after the command.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SECONDS = 10.0


class Redis:
    """A server that can be killed and started again with the same address."""

    def __init__(self, program: str = "redis-server") -> None:
        self._program = program
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        # Ctrl+C in the terminal is not for the server, which has to end after the command.
        self.process = subprocess.Popen(  # noqa: S603
            [self._program, *options], stdout=subprocess.DEVNULL, start_new_session=True
        )
        end = time.monotonic() + SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self._program} does not start on port {self._port}.")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait()


@contextmanager
def running(program: str = "redis-server") -> Iterator[Redis]:
    server = Redis(program)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def run(command: Sequence[str]) -> int:
    """Carry out the command, which is told to end as this process is."""
    with running() as server:
        environment = os.environ | {"REDIS_URL": server.url}
        process = subprocess.Popen(command, env=environment)  # noqa: S603
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the command as well
        for other in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, lambda number, _frame: process.send_signal(number))
        return process.wait()


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is needed, for example: apt install redis-server")
    raise SystemExit(run(sys.argv[1:]))
