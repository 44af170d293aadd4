"""A proxy before a real S3 server that fails a part of the writes, each in a chosen way.

The reply of the server, and whether it has got the request at all, is decided here. Signatures stay
valid, because the proxy passes the ``Host`` on that the client has signed.
"""

from __future__ import annotations

import os
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.faults.serving import serving
from tests.silent import black_hole

WRITES = frozenset(["PUT", "POST", "DELETE"])
EVERYTHING = WRITES | {"GET", "HEAD"}
_HOP_BY_HOP = frozenset(["connection", "keep-alive", "transfer-encoding", "content-length"])
_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<Error><Code>%b</Code><Message>chosen by a test</Message></Error>"
)
_BATCH = b'<?xml version="1.0" encoding="UTF-8"?><DeleteResult>%b</DeleteResult>'
_REFUSED = b"<Error><Key>%b</Key><Code>InternalError</Code></Error>"
_KEY = re.compile(rb"<Key>([^<]+)</Key>")
_XML = [("Content-Type", "application/xml")]


class Fault(StrEnum):
    ERROR_500 = "500"
    """Answers 500, and passes nothing on."""
    ERROR_503 = "503"
    REFUSED_IN_BATCH = "refused in batch"
    """Answers 200 to ``DeleteObjects``, with an error for each key in it, and 500 to all others."""
    RESET_BEFORE = "reset before"
    """Cuts the connection before the body is read."""
    RESET_HALFWAY = "reset halfway"
    """Cuts both connections when the server has got half of the body."""
    LOST_REPLY = "lost reply"
    """Cuts the connection when the server has carried out the request."""
    STUCK = "stuck"
    """Carries out a PUT and loses its reply; answers 500 to all others, so nothing is deleted."""
    SLOW = "slow"
    """Passes the reply on a byte at a time: no limit for a single read notices that."""
    SILENT = "silent"
    """Reads the request, passes nothing on and does not answer."""


class Proxy(ThreadingHTTPServer):
    """``url`` is its address. Without faults it passes everything on."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, target: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.target = urlsplit(target).netloc
        self._holes = ExitStack()
        self.hole = self._holes.enter_context(black_hole())
        self.met: Counter[str] = Counter()
        """How often each fault has happened."""
        self.writes = 0
        self.seconds_a_byte = 0.02
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.calm()

    def fail(
        self, faults: Sequence[Fault], rate: float = 1.0, methods: Collection[str] = WRITES
    ) -> None:
        """Fail this part of the requests from now on, each by one of the faults."""
        with self._lock:
            self._faults, self._rate, self._methods = list(faults), rate, methods

    def calm(self) -> None:
        """Fail nothing any more."""
        self.fail([], 0.0)

    @contextmanager
    def calmed(self) -> Iterator[None]:
        """Fail nothing in this block."""
        before = self._faults, self._rate, self._methods
        self.calm()
        yield
        self.fail(*before)

    def give_up_silence(self) -> None:
        """Cut the connections whose requests were not answered."""
        self.hole.release()
        self._holes.close()
        self.hole = self._holes.enter_context(black_hole())

    def server_close(self) -> None:
        super().server_close()
        self._holes.close()

    def next_fault(self, method: str) -> Fault | None:
        with self._lock:
            self.writes += method in WRITES
            if method not in self._methods or self._random.random() >= self._rate:
                return None
            fault = self._random.choice(self._faults)
            self.met[fault] += 1
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no error of the proxy."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_PUT(self) -> None:
        fault = self.server.next_fault(self.command)
        if fault is Fault.STUCK:
            fault = Fault.LOST_REPLY if self.command == "PUT" else Fault.ERROR_500
        if fault is Fault.RESET_BEFORE:
            _reset(self.connection)
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault is Fault.REFUSED_IN_BATCH and self.command == "POST":
            self._answer(200, _XML, _BATCH % b"".join(_REFUSED % key for key in _KEY.findall(body)))
        elif fault in (Fault.ERROR_500, Fault.REFUSED_IN_BATCH):
            self._answer(500, _XML, _ERROR % b"InternalError")
        elif fault is Fault.ERROR_503:
            self._answer(503, _XML, _ERROR % b"SlowDown")
        elif fault is Fault.SILENT:
            self._be_silent()
        else:
            self._pass_on(body, fault)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT

    def _be_silent(self) -> None:
        self.close_connection = True
        address = urlsplit(self.server.hole.url)
        with socket.create_connection((address.hostname, address.port)) as hole:
            hole.recv(65536)
        _reset(self.connection)

    def _pass_on(self, body: bytes, fault: Fault | None) -> None:
        server = HTTPConnection(self.server.target, timeout=60)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":  # answered by the proxy
                    server.putheader(name, value)
            if fault is Fault.RESET_HALFWAY:
                server.endheaders(body[: len(body) // 2])
                _reset(server.sock)
                _reset(self.connection)
                self.close_connection = True
                return
            server.endheaders(body)
            reply = server.getresponse()
            content = reply.read()
        except (OSError, HTTPException):
            _reset(self.connection)
            self.close_connection = True
            return
        finally:
            server.close()
        if fault is Fault.LOST_REPLY:
            _reset(self.connection)
            self.close_connection = True
        else:
            self._answer(reply.status, reply.getheaders(), content, reply, slow=fault is Fault.SLOW)

    def _answer(
        self,
        status: int,
        headers: Sequence[tuple[str, str]],
        content: bytes,
        reply: HTTPResponse | None = None,
        slow: bool = False,
    ) -> None:
        length = reply.getheader("Content-Length") if reply and self.command == "HEAD" else None
        lines = [f"HTTP/1.1 {status} x"]
        lines += [f"{name}: {text}" for name, text in headers if name.lower() not in _HOP_BY_HOP]
        if status not in (204, 304):
            lines.append(f"Content-Length: {length or len(content)}")
        sent = "\r\n".join([*lines, "", ""]).encode("latin-1") + content
        with suppress(OSError):
            if slow:
                for at in range(len(sent)):
                    self.connection.sendall(sent[at : at + 1])
                    time.sleep(self.server.seconds_a_byte)
            else:
                self.connection.sendall(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to standard error."""


def _reset(connection: socket.socket) -> None:
    """Close at once, so that the other side gets an RST instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def fault_proxy(target: str, *, seed: int) -> AbstractContextManager[Proxy]:
    """A proxy before the S3 server at ``target``."""
    return serving(Proxy(target, seed))
