"""Where files are sent, on the local disk and on a real S3 server, seen from outside.

Nothing here asks the package: what is stored is told by the file system or by a client of boto3
alone, and files are sent by whoever has nothing but the URL and the headers.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.test import Client

from django_polyimages.models import Image
from django_polyimages.pipeline.rollback import wait_for_removals

Told = dict[str, Any]


class Place(Protocol):
    """A storage, and the way to it."""

    def put(self, told: Told, content: bytes, headers: Mapping[str, str] | None = None) -> int:
        """Send a file as told, or with other headers. Returns the status."""

    def listing(self) -> list[str]:
        """The keys of all files, sorted."""

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, content: bytes) -> None:
        """Replace a file, whatever the rules are."""


@dataclass(frozen=True)
class Disk:
    folder: Path

    def put(self, told: Told, content: bytes, headers: Mapping[str, str] | None = None) -> int:
        given = {**told["headers"], **(headers or {})}
        client = Client(enforce_csrf_checks=True)
        return client.put(told["url"], content, content_type=given["Content-Type"]).status_code

    def listing(self) -> list[str]:
        assert wait_for_removals(10)
        found = (
            Path(place, name) for place, _dirs, names in os.walk(self.folder) for name in names
        )
        return sorted(str(path.relative_to(self.folder)) for path in found)

    def read(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


@dataclass(frozen=True)
class Bucket:
    client: Any
    name: str

    def put(self, told: Told, content: bytes, headers: Mapping[str, str] | None = None) -> int:
        url = urlsplit(told["url"])
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        given = {**told["headers"], **(headers or {})}
        wanted = {name: value for name, value in given.items() if value}
        connection.request("PUT", f"{url.path}?{url.query}", content, wanted)
        status = connection.getresponse().status
        connection.close()
        return status

    def listing(self) -> list[str]:
        assert wait_for_removals(10)
        found = self.client.list_objects_v2(Bucket=self.name)
        return sorted(one["Key"] for one in found.get("Contents", ()))

    def read(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def write(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)


def keys_of_rows() -> list[str]:
    """What has to be stored according to the images, sorted."""
    return sorted(key for image in Image.objects.all() for key in image.keys)
