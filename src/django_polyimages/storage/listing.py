"""What a storage holds, one page after another: memory does not grow with the number of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from django_polyimages.storage import get_storage, storage_of
from django_polyimages.storage.problems import problem_of
from django_polyimages.storage.s3 import inherits_from_s3


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the storage lists it."""

    key: str
    byte_size: int
    modified: datetime
    """Aware."""


class CannotList(Exception):
    """A storage cannot say what it holds, or does not answer; the message says which and why."""


def list_files(backend: Storage, prefix: str) -> Iterator[StoredFile]:
    """All files whose key starts with ``prefix``, a folder such as ``images/``; in any order.

    One request for 1,000 files on S3, one ``stat`` for each file on the local disk, and two calls
    for each file of any other storage. Raises ``CannotList``, at the latest with the first file.
    """
    with asking(backend):
        if isinstance(backend, FileSystemStorage):
            yield from _on_disk(backend, prefix)
        elif inherits_from_s3(backend, "listdir"):
            yield from _in_bucket(backend, prefix)
        else:
            yield from _in_any(backend, prefix.rstrip("/"))


def sizes_of(key: str) -> set[int]:
    """The sizes of the file in the storages that may have it, in bytes; none if it is missing.

    An original that is not moved to its own storage yet is in that of the versions, or in both.
    Raises ``CannotList`` if a storage does not answer.
    """
    sizes = set()
    for backend in {id(one): one for one in (get_storage(), storage_of(key))}.values():
        with asking(backend), suppress(FileNotFoundError):
            sizes.add(backend.size(key))
    return sizes


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
            if is_naive(modified):  # as Django's storages are without USE_TZ
                modified = make_aware(modified, get_default_timezone())
            yield StoredFile(key, backend.size(key), modified)
    for name in folders:
        yield from _in_any(backend, f"{folder}/{name}")


@contextmanager
def asking(backend: Storage) -> Iterator[None]:
    """Raise ``CannotList`` for errors of the storage, but not for a file that does not exist."""
    kind = type(getattr(backend, "_wrapped", backend))
    name = f"{kind.__module__}.{kind.__qualname__}"
    errors: tuple[type[Exception], ...] = (OSError, *_errors_of_s3(backend))
    try:
        yield
    except FileNotFoundError:
        raise
    except NotImplementedError as error:
        raise CannotList(f"{name} cannot list its files: {error}") from error
    except errors as error:
        problem = problem_of(error)
        raise CannotList(f"{name} does not answer ({problem.name}). {problem.hint}") from error


def _errors_of_s3(backend: Storage) -> tuple[type[Exception], ...]:
    if not inherits_from_s3(backend, "listdir"):
        return ()
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError
