"""Reads many rows, a page at a time: memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q, QuerySet

_AT_ONCE: Final = 500


def pages(rows: QuerySet[Any], *, by: str = "pk") -> Iterator[list[Any]]:
    """All rows in the order of a column without null, and of their primary key. No cursor stays
    open between two pages.

    The rows of a page are empty after it: an image and its ``file`` refer to each other, so without
    this it would stay in memory until the garbage collector looks at everything.
    """
    rows = rows.order_by(*dict.fromkeys([by, "pk"]))
    page = list(rows[:_AT_ONCE])
    while page:
        value, pk = getattr(page[-1], by), page[-1].pk
        yield page
        for row in page:
            row.__dict__.clear()
        del row, page  # before the next one is loaded
        # The first condition lets a database begin there in its index.
        after = Q(**{f"{by}__gte": value}) & (Q(**{f"{by}__gt": value}) | Q(pk__gt=pk))
        page = list(rows.filter(Q(pk__gt=pk) if by == "pk" else after)[:_AT_ONCE])
