"""Repeating what a database gave up because of a deadlock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction

_ATTEMPTS = 4
_Result = TypeVar("_Result")


def again_after_deadlock(work: Callable[[], _Result], *, using: str) -> _Result:
    """Do ``work``, and again where the database ``using`` chose it as the victim of a deadlock.

    This package locks rows in one order (``models.joins.locking``), so what it meets is a statement
    of the host's, or MySQL and MariaDB have read all of a small table. Within a transaction of the
    caller's nothing is repeated: the database has undone what the caller did before, too.
    """
    for _attempt in range(_ATTEMPTS - 1 if transaction.get_autocommit(using) else 0):
        try:
            return work()
        except OperationalError as error:
            if not is_deadlock(error):
                raise
    return work()


def is_deadlock(error: OperationalError) -> bool:
    """40P01 on PostgreSQL (appendix A of its manual), 1213 on MySQL and MariaDB."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)  # psycopg 3 and 2
    return state == "40P01" or error.args[:1] == (1213,)
