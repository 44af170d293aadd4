"""Checks files, generates their versions and stores both, for uploads and regeneration."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from django.core.files.base import File
from django.db import transaction

from django_polyimages import storage
from django_polyimages.conf import Settings, get_settings
from django_polyimages.errors import InvalidImage
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import Note, ignore
from django_polyimages.pipeline.generation import Encoded, Event, Finished, generate
from django_polyimages.pipeline.outcome import may_be_committed
from django_polyimages.pipeline.patience import Patience, error_of
from django_polyimages.pipeline.puts import Content, writing
from django_polyimages.pipeline.rollback import remove_on_rollback, remove_soon
from django_polyimages.pipeline.writing import Events, Generated, write
from django_polyimages.pixels.inspection import Facts, inspect, sha256_of
from django_polyimages.pixels.placeholders import Placeholder
from django_polyimages.pixels.removal import inspect_without_metadata, without_metadata
from django_polyimages.specs import FocalPoint, VersionSpec
from django_polyimages.storage.keys import new_token, version_key
from django_polyimages.storage.problems import report

logger = logging.getLogger("django_polyimages")
_CHECKED = "_polyimages_checked"
EARLY = "_polyimages_stored"
"""The attribute of a file that ``early.store_early()`` has stored."""
_KEPT = 2 * 1024 * 1024
"""How many bytes of versions a checked file keeps; a photo's have about 1 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """A stored original and its versions, which the row must record."""

    key: str
    facts: Facts
    generated: Generated
    keys: Sequence[str]
    """Of every file that was written."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """The results of checking a file before it is stored."""

    sha256: str
    """Of the file as it was sent."""
    facts: Facts
    """Of the original as it will be stored."""
    events: Sequence[Event]
    settings: Settings
    """The specs from which the events were generated."""


def check(file: File[bytes], *, owner: Hashable = None) -> Facts:
    """The facts of ``file`` after decoding it completely, without storing anything.

    For forms, which must report errors before anything is stored. The file keeps the result, so
    that ``store()`` need not repeat the work. Each ``owner``, the primary key of an organization,
    gets its turn. Raises ``InvalidImage``, and ``Busy`` if other images take too long.
    """
    original, facts = _inspected(file)
    events = list(generate(original, facts, get_settings().versions_at_upload, owner=owner))
    _raise_damage(events)
    if sum(len(event.content) for event in events if isinstance(event, Encoded)) <= _KEPT:
        sha256 = facts.sha256 if original is file else sha256_of(file)
        setattr(file, _CHECKED, _Checked(sha256, facts, events, get_settings()))
    return facts


@contextmanager
def store(
    file: File[bytes], *, using: str, owner: Hashable = None, note: Note = ignore
) -> Iterator[StoredImage]:
    """A context manager that checks ``file``, stores it and its versions and yields the result.

    With a task engine only the smallest version is generated now, which is the cheapest way to
    decode all of the file.

    The body records the result in the database ``using``, in a transaction or savepoint of its own.
    If that is rolled back, because the body raises or later, the files are deleted.
    ``note`` is told of files that the storage does not delete then. Each ``owner``, the primary key
    of an organization, gets its turn.

    Raises ``InvalidImage`` or ``Busy`` before anything is written, and ``StorageUnavailable`` if
    the storage fails or does not answer within ``STORAGE_TIMEOUT``; what it may have written by
    then is deleted in the background.
    """
    stored: StoredImage = file.__dict__.pop(EARLY, None) or store_files(file, owner, note)
    with _recording(stored.keys, using, note), transaction.atomic(using=using):
        yield stored


@contextmanager
def regenerate(
    key: str,
    specs: Sequence[VersionSpec],
    focal_point: FocalPoint,
    *,
    using: str,
    owner: Hashable = None,
    note: Note = ignore,
) -> Iterator[Generated]:
    """A context manager that regenerates versions of the original ``key``, under new keys.

    The body records them in the database ``using``. If it raises, or the caller's transaction is
    rolled back later, the files are deleted, as by ``store()``. If the original cannot be read, or
    the settings no longer allow it, ``failure`` says so. Raises ``Busy`` if other images take too
    long, and ``StorageUnavailable`` if the storage cannot be connected in time.
    """
    if not specs:
        yield Generated(versions={}, placeholder=Placeholder(), failure="")
        return
    patience = Patience()
    reading = threads.submit("transfers", _read_original, key)
    patience.wait([reading])
    if error := error_of(reading):
        reading.add_done_callback(_close)
        yield Generated(versions={}, placeholder=Placeholder(), failure=_reason(key, error))
        return
    file, facts = reading.result()
    with file, writing(note, patience) as puts:
        events = generate(file, facts, specs, focal_point, owner=owner)
        key_of = partial(version_key, key, token=new_token())
        generated = write(events, puts, key_of, focal_point=focal_point)
    with _recording(puts.written_keys(), using, note):
        yield generated


def store_files(file: File[bytes], owner: Hashable, note: Note) -> StoredImage:
    """The part of ``store()`` that does not need the database, with the same errors."""
    original, facts, events = _checked(file, owner)
    key = storage.generate_upload_filename(None, f"original.{facts.extension}")
    with writing(note, Patience.for_writes()) as puts:
        content = Content(original, facts.media_type)
        key_of = partial(version_key, key)
        generated = write(events, puts, key_of, original=(key, content))
    keys = puts.written_keys()
    return StoredImage(key=puts.written_key(key), facts=facts, generated=generated, keys=keys)


def _checked(file: File[bytes], owner: Hashable) -> tuple[File[bytes], Facts, Events]:
    """The original, and the result of ``check()`` for it, or else that of checking it now."""
    checked: _Checked | None = file.__dict__.pop(_CHECKED, None)  # it holds all versions
    if checked and checked.settings == get_settings() and checked.sha256 == sha256_of(file):
        # Not kept with the file, to which it refers: both would stay until garbage is collected.
        original = without_metadata(file, checked.facts) if _strips() else file
        return original, checked.facts, (event for event in checked.events)
    original, facts = _inspected(file)
    return (
        original,
        facts,
        generate(original, facts, get_settings().versions_at_upload, owner=owner),
    )


def _inspected(file: File[bytes]) -> tuple[File[bytes], Facts]:
    """The original as it will be stored, and its facts. What is stored is also what is decoded."""
    return inspect_without_metadata(file) if _strips() else (file, inspect(file))


def _strips() -> bool:
    return get_settings().original_metadata == "strip"


def _read_original(key: str) -> tuple[File[bytes], Facts]:
    with ExitStack() as stack:
        file = stack.enter_context(storage.open_original(key))
        facts = inspect(file)
        stack.pop_all()
    return file, facts


def _close(reading: Future[tuple[File[bytes], Facts]]) -> None:
    """Close a file that was read too late."""
    if not reading.cancelled() and not reading.exception():
        reading.result()[0].close()


def _reason(key: str, error: BaseException) -> str:
    """Why the original cannot be read; written to the log, too."""
    if isinstance(error, InvalidImage):
        logger.error("The original %s is no longer accepted: %s", key, error)
        return type(error).__name__
    return report(f"Reading the original {key}", error).name


@contextmanager
def _recording(keys: Sequence[str], using: str, note: Note) -> Iterator[None]:
    """Delete the files if the block does not write the row, or if that is rolled back later."""
    with ExitStack() as undo:
        undo.push(partial(_undo, keys, note))
        yield
    remove_on_rollback(keys, using, note)


def _undo(
    keys: Sequence[str], note: Note, _kind: object, error: BaseException | None, _at: object
) -> None:
    if error is None:
        return
    if may_be_committed(error):
        logger.error("%r may be in the database; the files are kept.", keys)
    else:
        remove_soon(keys, note)


def _raise_damage(events: Sequence[Event]) -> None:
    """Raise if the original could not be decoded. A failed version is no reason to reject it."""
    finished = events[-1]
    if isinstance(finished, Finished) and finished.failure and len(events) == 1:
        raise finished.failure
