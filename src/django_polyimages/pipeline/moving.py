"""Moves an original from the storage of the versions to the storage of originals."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Literal

from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from django_polyimages import storage
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.puts import Content
from django_polyimages.storage.problems import report

logger = logging.getLogger("django_polyimages")
Outcome = Literal["moved", "already there", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """An original as its row describes it."""

    key: str
    media_type: str
    byte_size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one original."""

    outcome: Outcome
    reason: str = ""
    """Why it is where it was; empty unless it failed."""


class _Different(Exception):
    """A file has another size or another SHA-256 than its row says."""


def move_original(original: Original) -> Moved:
    """Copy the file, compare the copy with the row, and only then delete the old file.

    Safe to repeat after it was stopped anywhere: a copy that is not whole is written again.
    """
    moving = threads.submit("transfers", _move, original)
    if error := moving.exception():
        if isinstance(error, _Different):
            logger.error("Moving the original %s failed: %s.", original.key, error)
            return Moved("failed", str(error))
        return Moved("failed", report(f"Moving the original {original.key}", error).name)
    return Moved(moving.result())


def is_in_old_storage(key: str) -> bool:
    """Whether the original still has to be moved."""
    return _exists(storage.get_storage(), key)


def storages_are_one() -> bool:
    """Whether both storages are the same place, so that deleting "the old file" would delete it.

    Two aliases may name one folder or one bucket, so a file is written to the one, looked for in
    the other, and deleted.
    """
    target = storage.get_original_storage()
    probe = storage.generate_upload_filename(None, "probe")
    try:
        target.save(probe, Content(ContentFile(b"probe"), "application/octet-stream"))
        return _exists(storage.get_storage(), probe)
    finally:
        target.delete(probe)


def _move(original: Original) -> Outcome:
    source, target, key = storage.get_storage(), storage.get_original_storage(), original.key
    wanted = (original.byte_size, original.sha256)
    if not _exists(source, key):
        with target.open(key) as file:  # raises an error if it is nowhere
            if file.size != original.byte_size:
                raise _Different("the size of the file in the new storage differs from its row")
        return "already there"
    copied = _facts(target, key)
    if copied != wanted:
        if _facts(source, key) != wanted:
            raise _Different("the file differs from its row")
        if copied:
            target.delete(key)
        _copy(original)
    source.delete(key)
    return "moved"


def _copy(original: Original) -> None:
    target = storage.get_original_storage()
    with storage.get_storage().open(original.key) as file:
        key = target.save(original.key, Content(file, original.media_type))
    if key != original.key or _facts(target, key) != (original.byte_size, original.sha256):
        target.delete(key)
        raise _Different("the copy differs from the file")


def _exists(backend: Storage, key: str) -> bool:
    """Whether the file can be opened: ``exists()`` of some storages does not ask the server."""
    try:
        backend.open(key).close()
    except FileNotFoundError:
        return False
    return True


def _facts(backend: Storage, key: str) -> tuple[int, str] | None:
    """The size and the SHA-256 of a file, or None if there is none."""
    try:
        file = backend.open(key)
    except FileNotFoundError:
        return None
    size, digest = 0, hashlib.sha256()
    with file:
        for chunk in file.chunks():
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()
