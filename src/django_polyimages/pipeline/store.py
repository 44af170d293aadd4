"""Inspect, store, render, record: the way of an upload, and the only writer of files."""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from django.core.files.base import File
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from django_polyimages import storage
from django_polyimages.conf import get_settings
from django_polyimages.errors import StorageUnavailable
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.generation import Making
from django_polyimages.pixels.inspection import Facts, inspect
from django_polyimages.pixels.placeholders import Preview
from django_polyimages.pixels.scaling import decode
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec
from django_polyimages.versions import Version

logger = logging.getLogger("django_polyimages")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An original and its versions, all in the storage: what the row has to record."""

    key: str
    facts: Facts
    versions: dict[str, Version]
    """By name, in the order of the setting; without those that ``failure`` speaks of."""
    preview: Preview
    failure: str
    """Why versions are missing; empty where they are complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemadeVersions:
    """Versions that were made of a stored original, all in the storage."""

    versions: dict[str, Version]
    """By name, in the order of the setting; without those that ``failure`` speaks of."""
    failure: str
    """Why versions are missing; empty where all were made."""


@contextmanager
def store(file: File[bytes], *, using: str) -> Iterator[StoredImage]:
    """Check ``file``, write the original and its versions, and lend the result to the body.

    The body records it in the database ``using``. Where the body raises, or the transaction it
    ran in is rolled back later, the files are removed again.

    Raises ``InvalidImage`` before anything is written, ``StorageUnavailable`` after all that was
    written is removed.
    """
    facts = inspect(file)
    key = storage.generate_upload_filename(None, f"original.{facts.extension}")
    making = Making(
        file=file,
        facts=facts,
        specs=get_settings().versions,
        focal_point=CENTRE,
        key_of=partial(storage.version_key, key),
        original_key=key,
    )
    with ExitStack() as undo:
        undo.push(partial(_undo, making))
        failure = making.run()
        if failure and not making.began_writing:
            raise failure  # the pixels are damaged
        key = _stored_original(making)
        versions, version_failure = making.versions()
        failure = failure or version_failure
        _tidy(making, key, versions, failure)
        yield StoredImage(
            key=key,
            facts=facts,
            versions=versions,
            preview=making.preview,
            failure=_reason(failure) if failure else "",
        )
    _remove_on_rollback([key, *_keys(versions)], using)


@contextmanager
def remake(
    key: str, specs: Sequence[VersionSpec], focal_point: FocalPoint, *, using: str
) -> Iterator[RemadeVersions]:
    """Make versions of the original ``key`` again, under new keys, and lend them to the body.

    The body records them in the database ``using``. Where it raises, or the transaction it ran in
    is rolled back later, the files are removed again. An original that cannot be read is a
    ``failure``, as is one that the settings do not allow any more.
    """
    reading = threads.submit("transfers", _read_original, key)
    if error := reading.exception():
        logger.error("Reading the original %r failed.", key, exc_info=error)
        yield RemadeVersions(versions={}, failure=_reason(error))
        return
    file, facts = reading.result()
    new_key = partial(storage.version_key, key, token=storage.new_token())
    with ExitStack() as undo:
        undo.enter_context(file)
        making = Making(
            file=file, facts=facts, specs=specs, focal_point=focal_point, key_of=new_key
        )
        undo.push(partial(_undo, making))
        failure = making.run()
        versions, version_failure = making.versions()
        failure = failure or version_failure
        _tidy(making, key, versions, failure)
        yield RemadeVersions(versions=versions, failure=_reason(failure) if failure else "")
    _remove_on_rollback(_keys(versions), using)


def check(file: File[bytes]) -> Facts:
    """The facts of ``file``, of which every pixel was decoded; nothing is written.

    For forms, which have to answer before anything is stored. Raises ``InvalidImage``.
    """
    facts = inspect(file)
    threads.submit("slots", _decode_only, file, facts).result()
    return facts


def delete_files(keys: Iterable[str]) -> dict[str, str]:
    """Remove files, several at once. Returns why for each that could not be removed."""
    storage.prepare()
    deletions = {key: threads.submit("deletions", storage.delete, key) for key in keys}
    failures = {}
    for key, deletion in deletions.items():
        if error := deletion.exception():
            logger.error("Deleting %r failed.", key, exc_info=error)
            failures[key] = _reason(error)
    return failures


def _decode_only(file: File[bytes], facts: Facts) -> None:
    decode(file, facts, get_settings().versions)


def _read_original(key: str) -> tuple[File[bytes], Facts]:
    with ExitStack() as stack:
        file = stack.enter_context(storage.open_original(key))
        facts = inspect(file)
        stack.pop_all()
    return file, facts


def _stored_original(making: Making) -> str:
    """The key that the storage chose for the original."""
    put = making.original()
    if error := put.exception():
        logger.error("Storing an original failed.", exc_info=error)
        raise StorageUnavailable(
            _("The storage does not answer; nothing was stored, try again later.")
        ) from error
    return put.result()


def _tidy(
    making: Making, key: str, versions: Mapping[str, Version], failure: BaseException | None
) -> None:
    """Remove what a failed version may have left behind."""
    if failure:
        logger.error("Making versions of %r failed.", key, exc_info=failure)
        recorded = {key, *_keys(versions)}
        delete_files(one for one in making.written_keys() if one not in recorded)


def _undo(making: Making, kind: type[BaseException] | None, *_error: object) -> None:
    """Where an error ends the work, remove all that was written."""
    if kind is None:
        return
    making.settle()
    if _outcome_is_unknown(kind):
        logger.error("%r may be in the database; the files are kept.", making.written_keys())
        return
    delete_files(making.written_keys())


def _keys(versions: Mapping[str, Version]) -> list[str]:
    return [version.key for version in versions.values()]


def _reason(error: BaseException) -> str:
    """For people: the kind of error. Its text may name hosts and buckets, that is for the log."""
    return type(error).__name__


class _Commit:
    """What a transaction calls when it commits, and drops when it is rolled back."""

    finalizer: weakref.finalize[..., _Commit]

    def __call__(self) -> None:
        self.finalizer.detach()


def _remove_on_rollback(keys: Sequence[str], using: str) -> None:
    """Remove the files if the transaction around us does not commit.

    Django has no hook for a rollback, but it forgets the callbacks of what was rolled back, a
    savepoint or all; a finalizer sees that. A killed process removes nothing: that is the audit's.
    """
    commit = _Commit()
    commit.finalizer = weakref.finalize(commit, _remove_rolled_back, keys)
    commit.finalizer.atexit = False
    transaction.on_commit(commit, using=using)
    connection = transaction.get_connection(using)
    if connection.in_atomic_block:
        # Before the callbacks of others: where one raises after the commit, Django forgets those
        # behind it too, and nothing was rolled back.
        hooks = connection.run_on_commit
        first = sum(isinstance(function, _Commit) for _savepoints, function, _robust in hooks) - 1
        hooks.insert(first, hooks.pop())


def _remove_rolled_back(keys: Sequence[str]) -> None:
    kind = sys.exc_info()[0]
    if kind and _outcome_is_unknown(kind):
        logger.error("The rows of %r may be in the database; the files are kept.", keys)
    else:
        delete_files(keys)


def _outcome_is_unknown(kind: type[BaseException]) -> bool:
    """Whether the database may have committed before the connection broke.

    A file without a row can be found and removed later; a row without its original is a loss.
    """
    return issubclass(kind, OperationalError | InterfaceError)
