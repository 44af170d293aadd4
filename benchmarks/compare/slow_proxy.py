"""A proxy before an S3 server on loopback that makes it as slow as one far away, and counts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REQUESTS = "/-/requests"
"""A path of the proxy itself: how many requests there were since this was asked last."""
_HOP_BY_HOP = frozenset(["connection", "keep-alive", "transfer-encoding", "content-length"])


class SlowProxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, server_url: str, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.server_url = server_url
        self.delay = delay
        self.requests: Counter[str] = Counter()
        """By method."""
        self._lock = threading.Lock()

    def count(self, method: str) -> None:
        with self._lock:
            self.requests[method] += 1

    def counted(self) -> Counter[str]:
        with self._lock:
            found, self.requests = self.requests, Counter()
        return found


class _Handler(BaseHTTPRequestHandler):
    server: SlowProxy
    protocol_version = "HTTP/1.1"
    _upstream: HTTPConnection | None = None

    def do_PUT(self) -> None:
        if self.path == REQUESTS:
            self._answer(200, [], json.dumps(self.server.counted()).encode())
            return
        self.server.count(self.command)
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            raise NotImplementedError("a chunked request")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.server.delay)
        if self._upstream is None:
            self._upstream = HTTPConnection(urlsplit(self.server.server_url).netloc, timeout=60)
        # The host stays what the client has signed.
        self._upstream.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in self.headers.items():
            if name.lower() != "expect":  # the proxy has answered that
                self._upstream.putheader(name, value)
        self._upstream.endheaders(body)
        reply = self._upstream.getresponse()
        content = reply.read()
        length = reply.getheader("Content-Length") if self.command == "HEAD" else None
        self._answer(reply.status, reply.getheaders(), content, length)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, length: str | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status} x"]
        lines += [f"{name}: {text}" for name, text in headers if name.lower() not in _HOP_BY_HOP]
        if status not in (204, 304):
            lines.append(f"Content-Length: {length or len(content)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT

    def finish(self) -> None:
        super().finish()
        if self._upstream is not None:
            self._upstream.close()

    def log_message(self, *_arguments: object) -> None:
        """Nothing to standard error."""


@contextmanager
def slow_proxy(server_url: str, delay: float) -> Iterator[SlowProxy]:
    """A proxy before a server, which adds so many seconds to each request."""
    proxy = SlowProxy(server_url, delay)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
