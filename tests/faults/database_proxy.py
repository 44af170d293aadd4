"""A proxy before PostgreSQL that cuts a connection at a chosen message, before or after it."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from contextlib import AbstractContextManager, suppress
from typing import Literal

from tests.faults.serving import serving

When = Literal["before", "after"]
"""``before``: the server never gets the message. ``after``: it has answered, but the client never
gets the reply.
"""


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port = self.server_address[1]
        self.target = (host, port)
        self.cuts = 0
        self._lock = threading.Lock()
        self._text, self._when, self._skip = b"", "before", 0

    def cut(self, text: str, when: When, *, skip: int = 0) -> None:
        """Cut the connection once, at the next message that contains ``text``, after ``skip``."""
        with self._lock:
            self._text, self._when, self._skip = text.encode(), when, skip

    def fault_at(self, message: bytes) -> str:
        with self._lock:
            if not self._text or self._text not in message:
                return ""
            if self._skip:
                self._skip -= 1
                return ""
            self._text = b""
            self.cuts += 1
            return self._when


class _Connection(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        self._is_cut = threading.Event()
        """Whether the client gets no replies any more."""
        with socket.create_connection(self.server.target) as self.database:
            replies = threading.Thread(target=self._pass_replies_on)
            replies.start()
            with suppress(OSError):
                self._pass_messages_on()
                self.database.shutdown(socket.SHUT_WR)
            replies.join()

    def _pass_messages_on(self) -> None:
        reader = self.request.makefile("rb")
        length = reader.read(4)  # the first message has no type
        self.database.sendall(length + reader.read(struct.unpack("!I", length)[0] - 4))
        while len(header := reader.read(5)) == 5:
            message = header + reader.read(struct.unpack("!I", header[1:])[0] - 4)
            fault = self.server.fault_at(message)
            if fault == "before":
                self._cut()
                return
            if fault == "after":
                self._is_cut.set()  # the thread of the replies sees the end of this one
            self.database.sendall(message)

    def _pass_replies_on(self) -> None:
        with suppress(OSError):
            while reply := self.database.recv(65536):
                if self._is_cut.is_set():
                    if reply.endswith((b"I", b"T", b"E")):  # ReadyForQuery: it is carried out
                        self._cut()
                        return
                else:
                    self.request.sendall(reply)
            self.request.shutdown(socket.SHUT_WR)

    def _cut(self) -> None:
        for connection in (self.request, self.database):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it, too


def database_proxy(host: str, port: int) -> AbstractContextManager[Proxy]:
    return serving(Proxy(host, port))
