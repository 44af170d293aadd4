"""Deletes files in the background: of transactions that are rolled back, and of failed uploads.

Django has no hook for a rollback, but it drops the callbacks of the transaction or savepoint, and a
finalizer notices that. A finalizer can run in the middle of any code, when the last reference is
dropped or the garbage collector runs, so it must not take a lock. It only adds an entry to a queue
for a thread that deletes the files. So do failed uploads: their request must not wait for a storage
that does not answer, and what is left over is recorded outside of a transaction that is rolled
back. A killed process cannot clean up; the audit command finds its files.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from queue import SimpleQueue
from typing import Final

from django.db import connections, transaction

from django_polyimages.conf import get_settings
from django_polyimages.pipeline.deleting import Note, delete_files, ignore
from django_polyimages.pipeline.outcome import may_be_committed

logger = logging.getLogger("django_polyimages")
_SECONDS_AT_EXIT: Final = 5.0
"""How much longer than ``delete_files()`` the end of the process waits for the thread."""


class _Transaction:
    """Shared by the callbacks of one transaction."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.process = os.getpid()
        self.committed = False

    def notice_commit(self) -> None:
        """Called with the callbacks: by Django after the commit, by tests also before it."""
        self.committed = not transaction.get_connection(self.using).in_atomic_block


class _Commit:
    """A callback that informs the other callbacks of its transaction of the commit."""

    def __init__(
        self, transaction: _Transaction, function: Callable[[], object] | None = None
    ) -> None:
        if function:
            # Django needs the name of a robust callback.
            update_wrapper(self, function, updated=())
        self.__function = function
        self.transaction = transaction

    def __call__(self) -> None:
        self.transaction.notice_commit()
        if self.__function:
            self.__function()


@dataclass(frozen=True, slots=True)
class _RolledBack:
    keys: Sequence[str]
    tell: Note
    outcome_is_unknown: bool = False


_notes: SimpleQueue[_RolledBack | threading.Event | None] = SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()


def remove_on_rollback(keys: Sequence[str], using: str, note: Note = ignore) -> None:
    """Delete the files if the current transaction does not commit.

    ``note`` is told in another thread of those that the storage does not delete.
    """
    connection = transaction.get_connection(using)
    if not (connection.in_atomic_block and connection.commit_on_exit):
        return  # where the host commits by hand, Django drops callbacks without a rollback
    _start_thread()
    commit = _Commit(_Transaction(using))
    transaction.on_commit(commit, using=using)
    # Django runs callbacks in order. If one raises, it drops the following ones, as in a
    # rollback. So the very first callback must notice the commit.
    savepoints, first, robust = connection.run_on_commit[0]
    if not isinstance(first, _Commit):
        first = _Commit(commit.transaction, first)
        connection.run_on_commit[0] = (savepoints, first, robust)
    commit.transaction = first.transaction
    blocks = _blocks_of_tests(using)
    weakref.finalize(commit, _note, commit.transaction, keys, note, blocks).atexit = False


def remove_soon(keys: Sequence[str], note: Note = ignore) -> None:
    """Delete the files in another thread, where ``note`` is told of those that are left over."""
    _start_thread()
    _notes.put(_RolledBack(keys, note))


def wait_for_removals(seconds: float | None = None) -> bool:
    """Wait until the files of all earlier rollbacks and failures are deleted. False after the
    timeout.
    """
    if _thread is None:
        return True
    reached = threading.Event()
    _notes.put(reached)
    return reached.wait(seconds)


def _blocks_of_tests(using: str) -> int:
    """How many blocks of Django's ``TestCase`` are open: one for the class and one for the test."""
    blocks = transaction.get_connection(using).atomic_blocks
    return sum(getattr(block, "_from_testcase", False) for block in blocks)


def _note(transaction: _Transaction, keys: Sequence[str], note: Note, blocks_of_tests: int) -> None:
    if transaction.committed or transaction.process != os.getpid():  # a fork's are a copy
        return
    if _blocks_of_tests(transaction.using) < blocks_of_tests:
        return  # the test ends, and a mock of the storage may have ended before
    _notes.put(_RolledBack(keys, note, may_be_committed(sys.exc_info()[1])))


def _carry_out_notes() -> None:
    is_last = False
    while not is_last:
        notes = [_notes.get()]
        while not _notes.empty():
            notes.append(_notes.get())
        # All at once: a storage that does not answer is waited for only once.
        _carry_out([one for one in notes if isinstance(one, _RolledBack)])
        connections.close_all()  # those of this thread
        for one in notes:
            if isinstance(one, threading.Event):
                one.set()
        is_last = None in notes


def _carry_out(notes: Sequence[_RolledBack]) -> None:
    keys: list[str] = []
    for one in notes:
        if one.outcome_is_unknown:
            logger.error("The rows of %r may be in the database; the files are kept.", one.keys)
        else:
            keys += one.keys
    if not keys:
        return
    failures = delete_files(keys)
    left_over: dict[Note, dict[str, str]] = defaultdict(dict)
    for one in notes:
        left_over[one.tell] |= {key: failures[key] for key in one.keys if key in failures}
    for tell, refused in left_over.items():
        if refused:
            tell(refused)


def _start_thread() -> None:
    global _thread
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_carry_out_notes, name="polyimages-rollback")
            _thread.daemon = True
            _thread.start()


def _finish() -> None:
    """Finish the queue before the process exits, for example after the rollback of a command."""
    if _thread is None:
        return
    _notes.put(None)
    _thread.join(get_settings().storage_timeout / 2 + _SECONDS_AT_EXIT)


def _forget() -> None:
    """Threads do not survive a fork, and the parent process handles its own queue."""
    global _notes, _starting, _thread
    _notes, _starting, _thread = SimpleQueue(), threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
atexit.register(_finish)
