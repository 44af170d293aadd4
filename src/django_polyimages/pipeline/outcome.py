"""Whether a transaction that ended with an error may have been committed all the same.

A file without a row can be found and deleted later, but a lost original cannot be restored. So
files are deleted only if their row is certainly not in the database.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from traceback import walk_tb
from types import CodeType
from typing import Any, Final

from django.db import Error, IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic

_SQLITE_REFUSALS: Final = frozenset([1, 3, 4, 5, 6, 7, 8, 9, 13, 14, 19])
"""Primary result codes of SQLite, such as 5 (busy) and 13 (full), see https://sqlite.org/rescode.html;
after an I/O error (10), for example, the end of a COMMIT is unknown.
"""
_MYSQL_REFUSALS: Final = frozenset([1021, 1114, 1205, 1213, 1290, 1792, 3101])
"""Errors that the server of MySQL or MariaDB answers to a COMMIT that it has rolled back."""

_OTHER_ENDS: Final = (
    BaseDatabaseWrapper.rollback,
    BaseDatabaseWrapper.savepoint_rollback,
    BaseDatabaseWrapper.savepoint_commit,
)
"""How ``atomic`` ends without a COMMIT."""


def may_be_committed(error: BaseException | None) -> bool:
    """Whether the row may be in the database although ``error`` was raised.

    COMMIT is sent only where ``atomic`` ends. So an error that was raised before, such as a lock
    that cannot be had, a lost connection or the end of the process, means a rollback, and so does
    the refusal of a COMMIT. Otherwise the reply was lost, or the error was raised after the commit.
    """
    return any(
        _was_raised_in(Atomic.__exit__, one) and not _is_refusal(one) for one in _chain(error)
    )


def _is_refusal(error: BaseException) -> bool:
    """Whether the database says that it did not commit."""
    if not isinstance(error, Error):
        return False
    if any(_was_raised_in(function, error) for function in _OTHER_ENDS):
        return True
    if not _was_raised_in(BaseDatabaseWrapper.commit, error):
        return False  # raised afterwards
    return isinstance(error, IntegrityError) or _driver_reports_refusal(error)


def _driver_reports_refusal(error: Error) -> bool:
    cause: Any = error.__cause__
    if severity := getattr(getattr(cause, "diag", None), "severity_nonlocalized", None):
        # After an ERROR the server of PostgreSQL goes on, but FATAL and PANIC end the connection.
        # Its classes 08 and 40003 stand for an unknown outcome.
        state = getattr(cause, "sqlstate", None) or cause.pgcode  # of psycopg 3 or 2
        return bool(severity == "ERROR" and state[:2] != "08" and state != "40003")
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return (code & 0xFF) in _SQLITE_REFUSALS
    return next(iter(error.args), None) in _MYSQL_REFUSALS


def _was_raised_in(function: Callable[..., Any], error: BaseException) -> bool:
    code: CodeType = inspect.unwrap(function).__code__
    return any(frame.f_code is code for frame, _line in walk_tb(error.__traceback__))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that were being handled when it was raised."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__context__
