"""Inspect, store, render, record: the way of an upload, and the only writer of files."""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from django.core.files.base import ContentFile, File
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _
from PIL import Image

from django_polyimages import pools, storage
from django_polyimages.conf import get_settings
from django_polyimages.errors import StorageUnavailable
from django_polyimages.inspection import Facts, inspect
from django_polyimages.processing import decode, encode, render
from django_polyimages.specs import VersionSpec
from django_polyimages.versions import Version

logger = logging.getLogger("django_polyimages")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An original and its versions, all in the storage: what the row has to record."""

    key: str
    facts: Facts
    versions: dict[str, Version]
    """By name, in the order of the setting; without those that ``failure`` speaks of."""
    failure: str
    """Why versions are missing; empty where they are complete."""


@contextmanager
def store(file: File[bytes], *, using: str) -> Iterator[StoredImage]:
    """Check ``file``, write the original and its versions, and lend the result to the body.

    The body records it in the database ``using``. Where the body raises, or the transaction it
    ran in is rolled back later, the files are removed again.

    Raises ``InvalidImage`` before anything is written, ``StorageUnavailable`` after all that was
    written is removed.
    """
    upload = _Upload(file, inspect(file), get_settings().versions)
    with ExitStack() as undo:
        undo.push(upload.undo)
        stored = upload.run()
        yield stored
    keys = [stored.key, *(version.key for version in stored.versions.values())]
    _remove_on_rollback(keys, using)


def delete_files(keys: Iterable[str]) -> dict[str, str]:
    """Remove files, several at once. Returns why for each that could not be removed."""
    storage.prepare()
    deletions = {key: pools.submit("deletions", storage.delete, key) for key in keys}
    failures = {}
    for key, deletion in deletions.items():
        if error := deletion.exception():
            logger.error("Deleting %r failed.", key, exc_info=error)
            failures[key] = _reason(error)
    return failures


@dataclass(slots=True)
class _Upload:
    """One upload on its way, and all that it began in other threads."""

    file: File[bytes]
    facts: Facts
    specs: Sequence[VersionSpec]
    key: str = ""
    making: Future[None] | None = None
    encodings: list[Future[list[_Made]]] = field(default_factory=list)
    puts: dict[str, Future[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = f"original.{self.facts.extension}"
        self.key = storage.generate_upload_filename(None, name)

    def run(self) -> StoredImage:
        """Write everything and wait for it; the slow work waits for a slot."""
        storage.prepare()
        self.making = pools.submit("slots", self._make)
        failure = self.making.exception()
        if failure and not self.puts:
            raise failure  # the pixels are damaged: nothing was written
        self._settle()
        original = self.puts[self.key]
        if error := original.exception():
            logger.error("Storing an original failed.", exc_info=error)
            raise StorageUnavailable(
                _("The storage does not answer; nothing was stored, try again later.")
            ) from error
        return self._result(original.result(), failure)

    def undo(self, kind: type[BaseException] | None, *_error: object) -> None:
        """Where an error ends the upload, remove all that was written.

        Also where a write failed: its answer may be what failed.
        """
        if kind is None:
            return
        self._settle()
        if _outcome_is_unknown(kind):
            logger.error("The row of %r may be in the database; its files are kept.", self.key)
            return
        delete_files(put.result() if not put.exception() else key for key, put in self.puts.items())

    def _settle(self) -> None:
        if self.making and not self.making.cancel():
            wait([self.making])  # an interrupted caller did not
        wait(self.encodings)  # these begin PUTs
        wait(self.puts.values())

    def _make(self) -> None:
        """Decode, then start the PUT of the original beside the work on its versions."""
        image = decode(self.file, self.facts, self.specs)
        self._put(self.key, self.file)
        for specs, picture in render(image, self.facts, self.specs):
            self.encodings.append(pools.submit("encoders", self._encode, picture, specs))
        wait(self.encodings)  # before the slot is free again: pictures are what takes memory

    def _encode(self, picture: Image.Image, specs: Sequence[VersionSpec]) -> list[_Made]:
        """One encoding for all ``specs`` that ask for the same bytes, one PUT for each."""
        content = encode(picture, specs[0])
        return [self._made(spec, picture, content) for spec in specs]

    def _made(self, spec: VersionSpec, picture: Image.Image, content: bytes) -> _Made:
        key = storage.version_key(self.key, spec)
        self._put(key, ContentFile(content))
        return _Made(spec, key, picture.size, len(content))

    def _put(self, key: str, content: File[bytes]) -> None:
        self.puts[key] = pools.submit("transfers", storage.save, key, content)

    def _result(self, key: str, failure: BaseException | None) -> StoredImage:
        made: dict[str, Version] = {}
        for encoding in self.encodings:
            failure = failure or encoding.exception()
            for one in [] if encoding.exception() else encoding.result():
                put = self.puts[one.key]
                failure = failure or put.exception()
                if not put.exception():
                    made[one.spec.name] = one.version(put.result())
        if failure:
            logger.error("Making versions of %r failed.", key, exc_info=failure)
            self._remove_unrecorded(made)
        return StoredImage(
            key=key,
            facts=self.facts,
            versions={spec.name: made[spec.name] for spec in self.specs if spec.name in made},
            failure=_reason(failure) if failure else "",
        )

    def _remove_unrecorded(self, versions: dict[str, Version]) -> None:
        recorded = {self.key, *(version.key for version in versions.values())}
        delete_files(key for key in self.puts if key not in recorded)


@dataclass(frozen=True, slots=True)
class _Made:
    spec: VersionSpec
    key: str
    size: tuple[int, int]
    byte_size: int

    def version(self, key: str) -> Version:
        return Version(
            key=key,
            width=self.size[0],
            height=self.size[1],
            byte_size=self.byte_size,
            digest=self.spec.digest,
        )


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
