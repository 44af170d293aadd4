"""Reads many rows, a page at a time: memory does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet

_AT_ONCE: Final = 500


def pages(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """All rows in the order of their primary key. No cursor stays open between two pages.

    The rows of a page are empty after it: an image and its ``file`` refer to each other, so without
    this it would stay in memory until the garbage collector looks at everything.
    """
    page = list(rows.order_by("pk")[:_AT_ONCE])
    while page:
        yield page
        last = page[-1].pk
        for row in page:
            row.__dict__.clear()
        del row, page  # before the next one is loaded
        page = list(rows.filter(pk__gt=last).order_by("pk")[:_AT_ONCE])
