"""Check, generate, write: what uploads and regenerations share, and the only writer of files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

from django.core.files.base import ContentFile, File
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

logger = logging.getLogger("django_polyimages")
_CHECKED = "_polyimages_checked"
_Events = Generator[Event, None, None]
_Puts = dict[str, Future[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What came of the versions of one original: what the row has to record of them."""

    versions: dict[str, Version]
    """Those in the storage, by name, in the order of the setting."""
    placeholder: Placeholder
    failure: str
    """Why versions are missing; empty where all are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An original and its versions, all in the storage: what the row has to record."""

    key: str
    facts: Facts
    generated: Generated


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is known of a file that was checked before it is stored."""

    facts: Facts
    events: Sequence[Event]
    settings: Settings
    """Those that the events were made by."""


def check(file: File[bytes]) -> Facts:
    """The facts of ``file``, of which every pixel was decoded; nothing is written.

    For forms, which have to answer before anything is stored. The file keeps the result, so that
    ``store()`` needs not do the work again. Raises ``InvalidImage``.
    """
    facts = inspect(file)
    checked = _Checked(facts, list(generate(file, facts, get_settings().versions)), get_settings())
    _raise_damage(checked.events)
    setattr(file, _CHECKED, checked)
    return facts


@contextmanager
def store(file: File[bytes], *, using: str) -> Iterator[StoredImage]:
    """Check ``file``, write the original and its versions, and lend the result to the body.

    The body records it in the database ``using``. Where the body raises, or the transaction it
    ran in is rolled back later, the files are removed again.

    Raises ``InvalidImage`` before anything is written, ``StorageUnavailable`` after all that was
    written is removed.
    """
    facts, events = _checked(file)
    key = storage.generate_upload_filename(None, f"original.{facts.extension}")
    with _writing(using) as puts:
        generated = _write(events, puts, partial(version_key, key), original=(key, file))
        yield StoredImage(key=puts[key].result(), facts=facts, generated=generated)


@contextmanager
def regenerate(
    key: str, specs: Sequence[VersionSpec], focal_point: FocalPoint, *, using: str
) -> Iterator[Generated]:
    """Generate versions of the original ``key`` again, under new keys, and lend them to the body.

    The body records them in the database ``using``. Where it raises, or the transaction it ran in
    is rolled back later, the files are removed again. An original that cannot be read is a
    ``failure``, as is one that the settings do not allow any more.
    """
    reading = threads.submit("transfers", _read_original, key)
    if error := reading.exception():
        logger.error("Reading the original %r failed.", key, exc_info=error)
        yield Generated(versions={}, placeholder=Placeholder(), failure=reason_of(error))
        return
    file, facts = reading.result()
    with file, _writing(using) as puts:
        events = generate(file, facts, specs, focal_point)
        key_of = partial(version_key, key, token=new_token())
        yield _write(events, puts, key_of, focal_point=focal_point)


def _checked(file: File[bytes]) -> tuple[Facts, _Events]:
    """What ``check()`` found out about these bytes, or what is to be found out now."""
    checked: _Checked | None = getattr(file, _CHECKED, None)
    if checked and checked.settings == get_settings() and checked.facts.sha256 == sha256_of(file):
        return checked.facts, (event for event in checked.events)
    facts = inspect(file)
    return facts, generate(file, facts, get_settings().versions)


def _read_original(key: str) -> tuple[File[bytes], Facts]:
    with ExitStack() as stack:
        file = stack.enter_context(storage.get_storage().open(key))
        facts = inspect(file)
        stack.pop_all()
    return file, facts


@contextmanager
def _writing(using: str) -> Iterator[_Puts]:
    """PUTs by key. Where the block raises, or is rolled back later, their files are removed."""
    puts: _Puts = {}
    storage.connect()
    with ExitStack() as undo:
        undo.push(partial(_undo, puts))
        yield puts
    remove_on_rollback(_written(puts), using)


def _write(
    events: _Events,
    puts: _Puts,
    key_of: Callable[[VersionSpec], str],
    *,
    focal_point: FocalPoint = CENTRE,
    original: tuple[str, File[bytes]] | None = None,
) -> Generated:
    """Store the original as soon as it could be decoded, and each version when it is encoded.

    Returns when nothing is under way any more. Raises what is wrong with an ``original``; what is
    wrong with versions is told by the result.
    """
    encoded: dict[str, tuple[VersionSpec, Encoded]] = {}
    placeholder, failure = Placeholder(), None
    with closing(events):
        for event in events:
            if isinstance(event, Encoded):
                new = {key_of(spec): (spec, event) for spec in event.specs}
                puts.update({key: _put(key, ContentFile(event.content)) for key in new})
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


def _put(key: str, content: File[bytes]) -> Future[str]:
    return threads.submit("transfers", _save, key, content)


def _save(key: str, content: File[bytes]) -> str:
    """Write one file: one PUT on S3. Returns the key that the storage chose to use."""
    content.seek(0)
    return storage.get_storage().save(key, content)


def _require_original(put: Future[str] | None, failure: BaseException | None) -> None:
    """Raise what is wrong where the original is not in the storage: its pixels or its PUT."""
    if put is None:
        raise failure or AssertionError("an original that was decoded is stored")
    if error := put.exception():
        logger.error("Storing an original failed.", exc_info=error)
        message = _("The storage does not answer; nothing was stored, try again later.")
        raise StorageUnavailable(message) from error


def _stored_versions(
    encoded: Mapping[str, tuple[VersionSpec, Encoded]], puts: _Puts, focal_point: FocalPoint
) -> tuple[dict[str, Version], BaseException | None]:
    """By name, in the order of the setting; and why the storage refused others."""
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
    """The keys of all that is in the storage."""
    return [put.result() for put in puts.values() if not put.exception()]


def _undo(puts: _Puts, kind: type[BaseException] | None, *_error: object) -> None:
    """Where an error ends the work, remove all that was, or may have been, written."""
    if kind is None:
        return
    wait(puts.values())
    keys = [key if put.exception() else put.result() for key, put in puts.items()]
    if outcome_is_unknown(kind):
        logger.error("%r may be in the database; the files are kept.", keys)
    else:
        delete_files(keys)


def _raise_damage(events: Sequence[Event]) -> None:
    """Raise why the original could not be decoded; a version that failed is no reason to refuse."""
    finished = events[-1]
    if isinstance(finished, Finished) and finished.failure and len(events) == 1:
        raise finished.failure
