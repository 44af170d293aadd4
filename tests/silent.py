"""A server that accepts every connection and does not answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BlackHole:
    """``url`` is its address. After ``release()`` it refuses every request at once."""

    def __init__(self, server: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        self._server = server
        self._kept: list[socket.socket] = []
        self._released = threading.Event()

    def serve(self) -> None:
        with suppress(OSError):  # at its end
            while True:
                self._kept.append(self._server.accept()[0])
                if self._released.is_set():
                    self._refuse()

    def release(self) -> None:
        self._released.set()
        self._refuse()

    def _refuse(self) -> None:
        while self._kept:
            with suppress(OSError, IndexError), self._kept.pop() as connection:
                connection.sendall(_REFUSAL)


@contextmanager
def black_hole() -> Iterator[BlackHole]:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        hole = BlackHole(server)
        thread = threading.Thread(target=hole.serve, daemon=True)
        thread.start()
        yield hole
        hole.release()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
