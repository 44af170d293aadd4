"""A server that speaks S3 and believes everybody: no signature, no condition and no CORS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Lenient(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        """Content and headers by path."""
        self.refused: set[str] = set()
        """Methods that it answers with 403."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Lenient
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command in self.server.refused:
            self.reply(403)
        elif self.command == "PUT":
            kept = ("Content-Type", "Cache-Control", "Content-Encoding")
            headers = {name: self.headers[name] for name in kept if name in self.headers}
            self.server.objects[url.path] = (body, headers)
            self.reply(200, headers={"ETag": '"x"'})
        elif self.command == "DELETE":
            self.server.objects.pop(url.path, None)
            self.reply(204)
        elif "list-type" in parse_qs(url.query):
            self.reply(200, self.list_of(url.path.strip("/")))
        elif url.path in self.server.objects:
            self.reply(200, *self.server.objects[url.path])
        else:
            self.reply(404)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_POST = answer

    def list_of(self, bucket: str) -> bytes:
        keys = [path.removeprefix(f"/{bucket}/") for path in self.server.objects]
        found = "".join(
            f"<Contents><Key>{key}</Key><Size>1</Size>"
            "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
            for key in keys
        )
        return f"<ListBucketResult>{found}</ListBucketResult>".encode()

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Lenient]:
    with Lenient() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
