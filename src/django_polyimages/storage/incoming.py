"""Where the files of pending uploads wait: keys, signed URLs, and reading them once.

They are in the storage of originals, outside of ``UPLOAD_PREFIX``: nobody has checked them yet, and
nothing but the server ever reads them.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final

from django.core.files.storage import Storage

from django_polyimages.conf import get_settings
from django_polyimages.storage import get_original_storage
from django_polyimages.storage.s3 import conditional_writes, is_s3

UNKNOWN_TYPE: Final = "application/octet-stream"
"""What a file is sent as whose type was not told: its content decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """How to send the file of a pending upload: as the whole body of one request."""

    url: str
    """Absolute, or the path of a view of this site."""
    expires_at: datetime
    """When ``url`` stops working."""
    method: str = "PUT"
    headers: dict[str, str] = field(default_factory=dict)
    """All of them have to be sent. ``Content-Length``, which browsers set themselves, has to be the
    size that was announced.
    """


def incoming_prefix() -> str:
    """The folder of all incoming files: ``images-incoming/``."""
    return f"{get_settings().upload_prefix.rstrip('/')}-incoming/"


def new_incoming_key() -> str:
    """A new key such as ``images-incoming/<random>``; the random part has 128 bits.

    A migration names this function: it must not move.
    """
    return f"{incoming_prefix()}{secrets.token_hex(16)}"


def signs_puts() -> bool:
    """Whether files can be sent straight to the storage: it is S3."""
    return is_s3(get_original_storage())


def signed_put(
    key: str, *, byte_size: int, media_type: str, sha256: str, seconds: int
) -> tuple[str, dict[str, str]]:
    """A signed URL of S3 for one PUT of this file, and the headers to send with it.

    The signature covers the headers and the length, so the server refuses any other file as far as
    they tell. Where the server can create an object without ever replacing one, a second PUT is
    refused, too. Makes no request.
    """
    backend: Any = get_original_storage()
    headers = {"Content-Type": media_type, "Content-Disposition": "attachment"}
    parameters: dict[str, Any] = {
        "Bucket": backend.bucket.name,
        "Key": _name_in_bucket(backend, key),
        "ContentLength": byte_size,
        "ContentType": media_type,
        "ContentDisposition": "attachment",
    }
    if sha256:
        parameters["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers["x-amz-checksum-sha256"] = parameters["ChecksumSHA256"]
    if conditional_writes(backend):
        parameters["IfNoneMatch"] = headers["If-None-Match"] = "*"
    client = backend.bucket.meta.client
    url: str = client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=seconds)
    return url, headers


@contextmanager
def open_incoming(key: str) -> Iterator[IO[bytes]]:
    """The incoming file, to be read once from its beginning: one request on S3.

    Raises ``FileNotFoundError`` if there is none.
    """
    backend = get_original_storage()
    if is_s3(backend):
        with closing(_body_of(backend, key)) as body:
            yield body
    else:
        with backend.open(key) as file:
            yield file


def is_there(key: str) -> bool:
    """Whether a file was sent; not for S3, where a signed PUT tells."""
    return get_original_storage().exists(key)


def _body_of(backend: Any, key: str) -> IO[bytes]:
    """The response of one GET. What ``backend.open()`` returns would also ask for the size."""
    from botocore.exceptions import ClientError

    try:
        body: IO[bytes] = backend.bucket.Object(_name_in_bucket(backend, key)).get()["Body"]
    except ClientError as error:
        if error.response["Error"].get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError(key) from error
        raise
    return body


def _name_in_bucket(backend: Storage, key: str) -> str:
    """The name below the ``location`` of the storage."""
    from storages.utils import clean_name

    name: str = backend._normalize_name(clean_name(key))  # type: ignore[attr-defined]
    return name
