"""Files on their way to their storages, and their removal if nothing will use them.

A storage may take minutes to say that a PUT has failed, and may even carry it out after that. So
the caller waits only for a limited time, and what a late PUT has written is deleted in the
background.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from io import SEEK_SET
from typing import TYPE_CHECKING, Final

from django.core.files.base import File
from django.utils.translation import gettext as _

from django_polyimages import storage
from django_polyimages.errors import StorageUnavailable
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import Note
from django_polyimages.pipeline.patience import Patience, error_of, too_late
from django_polyimages.pipeline.rollback import remove_soon
from django_polyimages.storage.problems import Problem, problem_of, report

if TYPE_CHECKING:
    _File = File[bytes]
else:
    _File = File


class Content(_File):
    """What a storage is given: bytes, and the media type that the package knows them to have.

    Nothing that a client said of the file goes on with it, neither type nor name, and a temporary
    file is copied: it belongs to the caller, who may want to store it again.
    """

    def __init__(self, file: File[bytes], media_type: str) -> None:
        super().__init__(file, name="")
        self._source = file
        self.content_type = media_type
        """Storages like that of django-storages take it for the object's ``Content-Type``; without
        it they would ask the client's claim or the machine's table of file names.
        """
        self._reading = threading.Lock()
        self._withdrawn = False

    def read(self, size: int = -1) -> bytes:
        with self._reading:
            self._check()
            content: bytes = self._source.read(size)
        return content

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        with self._reading:
            self._check()
            position: int = self._source.seek(offset, whence)
        return position

    def withdraw(self) -> None:
        """Give the file back to its owner: a PUT that still goes on gets an error instead of bytes.

        Both would move the same position in the file.
        """
        with self._reading:
            self._withdrawn = True

    def _check(self) -> None:
        if self._withdrawn:
            raise ValueError("The upload has ended, so its file must not be read any more.")


class Puts:
    """The PUTs of one upload or regeneration, by key."""

    def __init__(self, note: Note, patience: Patience) -> None:
        self._note = note
        self._patience = patience
        self._puts: dict[str, Future[str]] = {}
        self._contents: list[Content] = []

    def start(self, key: str, content: Content) -> None:
        """Begin to write a file, with one PUT on S3."""
        self._contents.append(content)
        self._puts[key] = threads.submit("transfers", _save, key, content)

    def wait(self) -> None:
        """Wait until all files are written or the time is up."""
        self._patience.wait(self._puts.values())

    def errors(self) -> dict[str, BaseException]:
        """Why files are not written, by key, after ``wait()``."""
        errors = {key: error_of(put) for key, put in self._puts.items()}
        return {key: error for key, error in errors.items() if error}

    def written_key(self, key: str) -> str:
        """The key that the storage has chosen for this file."""
        return self._puts[key].result()

    def written_keys(self) -> list[str]:
        """The keys of all files, after those with errors were undone."""
        return [put.result() for put in self._puts.values()]

    def undo(self, keys: Collection[str] | None = None) -> None:
        """Delete these files in the background, or all of them, each as soon as its PUT has ended.

        A PUT that reported an error may still have been written. One that was refused, by a bucket
        that does not exist, for example, is not: to delete it would only fail again.
        """
        for key in list(self._puts) if keys is None else keys:
            put = self._puts.pop(key)
            if not put.cancel():
                _late.add(waiting := (key, self._note))
                put.add_done_callback(partial(_remove, waiting))

    def withdraw(self) -> None:
        """Let no PUT read files of the caller any more."""
        for content in self._contents:
            content.withdraw()


@contextmanager
def writing(note: Note, patience: Patience) -> Iterator[Puts]:
    """Files to write. If the block raises, or is interrupted, they are deleted in the background,
    and ``note`` records those that the storage does not delete.

    The storage is connected while pixels are processed. Raises ``StorageUnavailable`` if no time is
    left for it.
    """
    if patience.has_ended:
        raise unavailable(report("Connecting to the storage", error := too_late())) from error
    threads.submit("transfers", storage.connect)
    puts, is_done = Puts(note, patience), False
    try:
        yield puts
        is_done = True
    finally:
        puts.withdraw()
        if not is_done:
            puts.undo()


def unavailable(problem: Problem) -> StorageUnavailable:
    """The error for users, who learn no more than the name of the problem."""
    if problem.is_temporary:
        message = _("The storage is not responding, so nothing was stored. Try again later.")
    else:
        message = _(
            "The storage rejected the file (%(problem)s), so nothing was stored. An administrator "
            "must solve the problem before you can try again."
        ) % {"problem": problem.name}
    return StorageUnavailable(message, problem=problem.name)


_Waiting = tuple[str, Note]
_late: Final[set[_Waiting]] = set()
"""Files to delete whose PUT has not ended."""


def _save(key: str, content: Content) -> str:
    storage.connect()  # no more than a look, if that is done
    content.seek(0)
    return storage.storage_of(key).save(key, content)


def _remove(waiting: _Waiting, put: Future[str]) -> None:
    """Delete what a PUT has written that has ended now."""
    key, note = waiting
    error = put.exception()
    if error is None:
        remove_soon([put.result()], note)
    elif not problem_of(error).is_refusal:
        remove_soon([key], note)
    _late.discard(waiting)


def _record_late() -> None:
    """The process exits, and nobody will know whether these files were written."""
    for key, note in list(_late):
        note({key: TimeoutError.__name__})


os.register_at_fork(after_in_child=_late.clear)
atexit.register(_record_late)
