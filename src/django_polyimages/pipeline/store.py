"""Checks, generates and stores files, for uploads and regeneration; nothing else writes files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.translation import gettext as _

from django_polyimages import storage
from django_polyimages.conf import Settings, get_settings
from django_polyimages.errors import StorageUnavailable
from django_polyimages.formats import FORMATS
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import delete_files, reason_of
from django_polyimages.pipeline.generation import Encoded, Event, Finished, generate
from django_polyimages.pipeline.rollback import outcome_is_unknown, remove_on_rollback
from django_polyimages.pixels.inspection import Facts, inspect, sha256_of
from django_polyimages.pixels.placeholders import Placeholder
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec
from django_polyimages.storage.keys import new_token, version_key
from django_polyimages.versions import Version

if TYPE_CHECKING:
    _File = File[bytes]
else:
    _File = File

logger = logging.getLogger("django_polyimages")
_CHECKED = "_polyimages_checked"
_KEPT = 2 * 1024 * 1024
"""How many bytes of versions a checked file keeps; a photo's have about 1 MB."""
_Events = Generator[Event, None, None]
_Puts = dict[str, Future[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The versions of one original, as the row must record them."""

    versions: dict[str, Version]
    """The stored versions by name, in the order of the setting."""
    placeholder: Placeholder
    failure: str
    """Why versions are missing; empty if all are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """A stored original and its versions, which the row must record."""

    key: str
    facts: Facts
    generated: Generated


@dataclass(frozen=True, slots=True)
class _Checked:
    """The results of checking a file before it is stored."""

    facts: Facts
    events: Sequence[Event]
    settings: Settings
    """The specs from which the events were generated."""


def check(file: File[bytes]) -> Facts:
    """The facts of ``file`` after decoding it completely, without storing anything.

    For forms, which must report errors before anything is stored. The file keeps the result, so
    that ``store()`` need not repeat the work. Raises ``InvalidImage``, and ``Busy`` if other images
    take too long.
    """
    facts = inspect(file)
    events = list(generate(file, facts, get_settings().versions))
    _raise_damage(events)
    if sum(len(event.content) for event in events if isinstance(event, Encoded)) <= _KEPT:
        setattr(file, _CHECKED, _Checked(facts, events, get_settings()))
    return facts


@contextmanager
def store(file: File[bytes], *, using: str, owner: Hashable = None) -> Iterator[StoredImage]:
    """A context manager that checks ``file``, stores it and its versions and yields the result.

    The body records the result in the database ``using``, in a transaction or savepoint of its own.
    If that is rolled back, because the body raises or later, the files are deleted.
    Each ``owner``, the primary key of an organization, gets its turn.

    Raises ``InvalidImage`` or ``Busy`` before anything is written, and ``StorageUnavailable`` after
    deleting everything that was written.
    """
    facts, events = _checked(file, owner)
    key = storage.generate_upload_filename(None, f"original.{facts.extension}")
    with _writing() as puts:
        original = Content(file, facts.media_type)
        generated = _write(events, puts, partial(version_key, key), original=(key, original))
    with transaction.atomic(using=using):
        remove_on_rollback(_written(puts), using)
        yield StoredImage(key=puts[key].result(), facts=facts, generated=generated)


@contextmanager
def regenerate(
    key: str,
    specs: Sequence[VersionSpec],
    focal_point: FocalPoint,
    *,
    using: str,
    owner: Hashable = None,
) -> Iterator[Generated]:
    """A context manager that regenerates versions of the original ``key``, under new keys.

    The body records them in the database ``using``. If it raises, or the caller's transaction is
    rolled back later, the files are deleted. If the original cannot be read, or the settings no
    longer allow it, ``failure`` says so. Raises ``Busy`` if other images take too long.
    """
    if not specs:
        yield Generated(versions={}, placeholder=Placeholder(), failure="")
        return
    reading = threads.submit("transfers", _read_original, key)
    if error := reading.exception():
        logger.error("Reading the original %r failed.", key, exc_info=error)
        yield Generated(versions={}, placeholder=Placeholder(), failure=reason_of(error))
        return
    file, facts = reading.result()
    with file, _writing() as puts:
        events = generate(file, facts, specs, focal_point, owner=owner)
        key_of = partial(version_key, key, token=new_token())
        generated = _write(events, puts, key_of, focal_point=focal_point)
    with ExitStack() as undo:
        undo.push(partial(_undo, puts))
        yield generated
    remove_on_rollback(_written(puts), using)


def _checked(file: File[bytes], owner: Hashable) -> tuple[Facts, _Events]:
    """The result of ``check()`` for this file, or else the result of checking it now."""
    checked: _Checked | None = file.__dict__.pop(_CHECKED, None)  # it holds all versions
    if checked and checked.settings == get_settings() and checked.facts.sha256 == sha256_of(file):
        return checked.facts, (event for event in checked.events)
    facts = inspect(file)
    return facts, generate(file, facts, get_settings().versions, owner=owner)


def _read_original(key: str) -> tuple[File[bytes], Facts]:
    with ExitStack() as stack:
        file = stack.enter_context(storage.open_original(key))
        facts = inspect(file)
        stack.pop_all()
    return file, facts


@contextmanager
def _writing() -> Iterator[_Puts]:
    """PUTs by key. If the block raises, or is interrupted, their files are deleted."""
    puts: _Puts = {}
    storage.connect()
    with ExitStack() as undo:
        undo.callback(_delete_begun, puts)
        yield puts
        undo.pop_all()


def _write(
    events: _Events,
    puts: _Puts,
    key_of: Callable[[VersionSpec], str],
    *,
    focal_point: FocalPoint = CENTRE,
    original: tuple[str, Content] | None = None,
) -> Generated:
    """Store the original as soon as it is decoded, and each version as soon as it is encoded.

    Returns when all work is finished. Raises errors of the ``original``; the result contains
    errors of versions.
    """
    encoded: dict[str, tuple[VersionSpec, Encoded]] = {}
    placeholder, failure = Placeholder(), None
    with closing(events):
        for event in events:
            if isinstance(event, Encoded):
                new = {key_of(spec): (spec, event) for spec in event.specs}
                for key, (spec, _event) in new.items():
                    content = ContentFile(event.content)
                    puts[key] = _put(key, Content(content, FORMATS[spec.format].media_type))
                encoded |= new
            elif isinstance(event, Finished):
                placeholder, failure = event.placeholder, event.failure
            elif original:
                puts[original[0]] = _put(*original)
    wait(puts.values())
    if original:
        _require_original(puts.get(original[0]), failure)
    versions, refusal = _stored_versions(encoded, puts, focal_point)
    failure = failure or refusal
    if failure:
        logger.error("Generating versions failed.", exc_info=failure)
    reason = reason_of(failure) if failure else ""
    return Generated(versions=versions, placeholder=placeholder, failure=reason)


class Content(_File):
    """What a storage is given: bytes, and the media type that the package knows them to have.

    Nothing that a client said of the file goes on with it, neither type nor name, and a temporary
    file is copied: it belongs to the caller, who may want to store it again.
    """

    def __init__(self, file: File[bytes], media_type: str) -> None:
        super().__init__(file, name="")
        self.content_type = media_type
        """Storages like that of django-storages take it for the object's ``Content-Type``; without
        it they would ask the client's claim or the machine's table of file names.
        """


def _put(key: str, content: Content) -> Future[str]:
    return threads.submit("transfers", _save, key, content)


def _save(key: str, content: Content) -> str:
    """Write a file, with one PUT on S3. Returns the key that the storage has chosen."""
    content.seek(0)
    return storage.storage_of(key).save(key, content)


def _require_original(put: Future[str] | None, failure: BaseException | None) -> None:
    """Raise an error if the original is not stored, because it is damaged or its PUT failed."""
    if put is None:
        raise failure or AssertionError("an original that was decoded is stored")
    if error := put.exception():
        logger.error("Storing an original failed.", exc_info=error)
        message = _("The storage does not answer; nothing was stored, try again later.")
        raise StorageUnavailable(message) from error


def _stored_versions(
    encoded: Mapping[str, tuple[VersionSpec, Encoded]], puts: _Puts, focal_point: FocalPoint
) -> tuple[dict[str, Version], BaseException | None]:
    """The stored versions by name, in the order of the setting, and why others are not stored."""
    refused = {key: error for key in encoded if (error := puts[key].exception())}
    delete_files(refused)  # a PUT reported as failed may still have been written
    versions = {
        spec.name: Version(
            key=puts[key].result(),
            width=event.size[0],
            height=event.size[1],
            byte_size=len(event.content),
            digest=spec.digest_at(focal_point),
            media_type=FORMATS[spec.format].media_type,
        )
        for key, (spec, event) in encoded.items()
        if key not in refused
    }
    ordered = {name: versions[name] for name in get_settings().version_names if name in versions}
    return ordered, next(iter(refused.values()), None)


def _written(puts: _Puts) -> list[str]:
    """The keys of all stored files."""
    return [put.result() for put in puts.values() if not put.exception()]


def _begun(puts: _Puts) -> list[str]:
    """The keys of all files that may be in the storage: a PUT reported as failed may be, too."""
    return [key if put.exception() else put.result() for key, put in puts.items()]


def _delete_begun(puts: _Puts) -> None:
    wait(puts.values())
    delete_files(_begun(puts))


def _undo(puts: _Puts, kind: type[BaseException] | None, *_error: object) -> None:
    """Delete the files if the row was not written."""
    if kind is None:
        return
    if outcome_is_unknown(kind):
        logger.error("%r may be in the database; the files are kept.", _begun(puts))
    else:
        delete_files(_begun(puts))


def _raise_damage(events: Sequence[Event]) -> None:
    """Raise if the original could not be decoded. A failed version is no reason to reject it."""
    finished = events[-1]
    if isinstance(finished, Finished) and finished.failure and len(events) == 1:
        raise finished.failure
