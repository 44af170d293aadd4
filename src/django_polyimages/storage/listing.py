"""What a storage holds, one page after another: memory does not grow with the number of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage
from django.utils.timezone import is_naive, make_aware


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the storage lists it."""

    key: str
    byte_size: int
    modified: datetime
    """Aware."""


def list_files(backend: Storage, prefix: str) -> Iterator[StoredFile]:
    """All files whose key starts with ``prefix``, a folder such as ``images/``; in any order.

    One request for 1,000 files on S3, one ``stat`` for each file on the local disk, and three calls
    for each file of any other storage. Raises ``NotImplementedError`` for one that cannot list.
    """
    if isinstance(backend, FileSystemStorage):
        return _on_disk(backend, prefix)
    if hasattr(backend, "bucket"):
        return _in_bucket(backend, prefix)
    return _in_any(backend, prefix.rstrip("/"))


def _on_disk(backend: FileSystemStorage, folder: str) -> Iterator[StoredFile]:
    with suppress(FileNotFoundError), os.scandir(backend.path(folder)) as entries:
        for entry in entries:
            key = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _on_disk(backend, f"{key}/")
                continue
            with suppress(FileNotFoundError):  # deleted since
                found = entry.stat()
                modified = datetime.fromtimestamp(found.st_mtime, UTC)
                yield StoredFile(key, found.st_size, modified)


def _in_bucket(backend: Any, prefix: str) -> Iterator[StoredFile]:
    location = f"{backend.location.strip('/')}/".lstrip("/")
    pages = backend.bucket.meta.client.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=backend.bucket.name, Prefix=location + prefix):
        for found in page.get("Contents", ()):
            key = found["Key"].removeprefix(location)
            yield StoredFile(key, found["Size"], found["LastModified"])


def _in_any(backend: Storage, folder: str) -> Iterator[StoredFile]:
    try:
        folders, names = backend.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        key = f"{folder}/{name}"
        with suppress(FileNotFoundError):  # deleted since
            modified = backend.get_modified_time(key)
            aware = make_aware(modified, UTC) if is_naive(modified) else modified
            yield StoredFile(key, backend.size(key), aware)
    for name in folders:
        yield from _in_any(backend, f"{folder}/{name}")
