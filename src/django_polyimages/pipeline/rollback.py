"""Deletes files whose transaction is rolled back.

Django has no hook for a rollback, but it drops the callbacks of the transaction or savepoint, and a
finalizer notices that. A finalizer can run in the middle of any code, when the last reference is
dropped or the garbage collector runs, so it must not take a lock. It only adds an entry to a queue
for a thread that deletes the files. A killed process cannot clean up; the audit command finds its
files.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, update_wrapper
from queue import SimpleQueue
from typing import Final

from django.db import connections, transaction

from django_polyimages.pipeline.deleting import Note, delete_file, delete_or_note, ignore
from django_polyimages.pipeline.outcome import may_be_committed

logger = logging.getLogger("django_polyimages")
_SECONDS_AT_EXIT: Final = 10.0


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
    outcome_is_unknown: bool


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


def wait_for_removals(seconds: float | None = None) -> bool:
    """Wait until the files of all earlier rollbacks are deleted. False after the timeout."""
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
    while (note := _notes.get()) is not None:
        if isinstance(note, threading.Event):
            note.set()
            continue
        try:
            _carry_out(note, partial(delete_or_note, note=note.tell))
            connections.close_all()  # those of this thread
        except RuntimeError:  # the interpreter is exiting, so the pools accept no more work
            _notes.put(note)
            return


def _carry_out(note: _RolledBack, delete: Callable[[Sequence[str]], object]) -> None:
    if note.outcome_is_unknown:
        logger.error("The rows of %r may be in the database; the files are kept.", note.keys)
    else:
        delete(note.keys)


def _delete_one_by_one(keys: Sequence[str]) -> None:
    with ExitStack() as stack:  # all of them, also after one that fails
        for key in keys:
            stack.callback(delete_file, key)


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
    _thread.join(_SECONDS_AT_EXIT)
    while not _notes.empty():
        if isinstance(note := _notes.get(), _RolledBack):
            _carry_out(note, _delete_one_by_one)


def _forget() -> None:
    """Threads do not survive a fork, and the parent process handles its own queue."""
    global _notes, _starting, _thread
    _notes, _starting, _thread = SimpleQueue(), threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
atexit.register(_finish)
