"""A proxy before a server, with or without TLS, that cuts connections halfway through a file."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from contextlib import AbstractContextManager, suppress

from tests.faults.serving import serving

CHUNK = 16_384


class Proxy(socketserver.ThreadingTCPServer):
    """``cut(times, after)``: the next connections with that many bytes from the client end."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port = self.server_address[1]
        self.target = (host, port)
        self.cuts = 0
        self._lock = threading.Lock()
        self._left, self._after = 0, 0

    def cut(self, times: int, *, after: int) -> None:
        with self._lock:
            self._left, self._after = times, after

    def is_over(self, sent: int) -> bool:
        """Whether a connection whose client has sent so many bytes ends now."""
        with self._lock:
            if not self._left or sent < self._after:
                return False
            self._left -= 1
            self.cuts += 1
            return True


class _Connection(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as self.behind:
            replies = threading.Thread(target=self._pass_replies_on)
            replies.start()
            with suppress(OSError):
                self._pass_requests_on()
                self.behind.shutdown(socket.SHUT_WR)
            replies.join()

    def _pass_requests_on(self) -> None:
        sent = 0
        while content := self.request.recv(CHUNK):
            self.behind.sendall(content)
            sent += len(content)
            if self.server.is_over(sent):
                self._reset()
                return

    def _pass_replies_on(self) -> None:
        with suppress(OSError):
            while reply := self.behind.recv(CHUNK):
                self.request.sendall(reply)
            self.request.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        """Both sides see an error, not an end."""
        for connection in (self.request, self.behind):
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it


def cutting_proxy(host: str, port: int) -> AbstractContextManager[Proxy]:
    return serving(Proxy(host, port))
