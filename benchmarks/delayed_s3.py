"""A real S3 server (SeaweedFS) behind a proxy that answers later, both in processes of their own.

The proxy adds some milliseconds to each request, and tells when each came and was answered.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests import seaweedfs
from tests.faults import storage_proxy

BUCKET = "photos"


@dataclass(frozen=True, slots=True)
class Request:
    """Moments are those of ``time.monotonic()``, which is the same in all processes."""

    method: str
    key: str
    status: int
    connection: int
    """The port of the client: requests on one connection have the same."""
    begun: float
    """When its headers were there."""
    ended: float
    """When it was answered."""


@dataclass
class Server:
    url: str
    requests: list[Request] = field(default_factory=list)

    def taken(self, number: int, seconds: float = 10) -> list[Request]:
        """The next requests, once there are so many, or all of them after the time."""
        end = time.monotonic() + seconds
        while len(self.requests) < number and time.monotonic() < end:
            time.sleep(0.005)
        taken, self.requests[:] = list(self.requests), []
        return taken


@contextmanager
def running(milliseconds: float = 20) -> Iterator[Server]:
    """The server, with an empty bucket ``photos``."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        real = stack.enter_context(seaweedfs.running(folder))
        client = seaweedfs.client(real.http)
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="first", Body=b"x")  # the server makes its volumes
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, __file__, real.http, str(milliseconds)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(process.kill)
        assert process.stdout
        server = Server(process.stdout.readline().strip())
        reading = threading.Thread(target=_read, args=(process.stdout, server), daemon=True)
        reading.start()
        yield server


def options(url: str) -> dict[str, Any]:
    """The recommended entry of ``STORAGES`` for it."""
    from django_polyimages.storage.s3 import s3_storage

    return s3_storage(
        BUCKET,
        endpoint_url=url,
        provider="seaweedfs",
        access_key=seaweedfs.ACCESS_KEY,
        secret_key=seaweedfs.SECRET_KEY,
    )


def _read(lines: Any, server: Server) -> None:
    for line in lines:
        server.requests.append(Request(**json.loads(line)))


class _Handler(storage_proxy._Handler):
    seconds = 0.0
    status = 0

    def do_PUT(self) -> None:
        begun = time.monotonic()
        super().do_PUT()
        key = urlsplit(self.path).path.removeprefix(f"/{BUCKET}").lstrip("/")
        one = Request(
            self.command, key, self.status, self.client_address[1], begun, time.monotonic()
        )
        sys.stdout.write(json.dumps(asdict(one)) + "\n")
        sys.stdout.flush()

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT

    def _answer(self, status: int, *rest: Any, **options: Any) -> None:
        time.sleep(self.seconds)
        self.status = status
        super()._answer(status, *rest, **options)


def main(target: str, milliseconds: str) -> None:
    _Handler.seconds = float(milliseconds) / 1000
    with storage_proxy.Proxy(target, seed=1) as proxy:
        proxy.RequestHandlerClass = _Handler
        print(proxy.url, flush=True)
        proxy.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
