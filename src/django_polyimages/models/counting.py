"""Counting with a bound: an exact COUNT reads every row, however many there are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def count_up_to(most: int, rows: QuerySet[Any]) -> int | None:
    """The number of ``rows``; None if there are more than ``most``."""
    number = rows.order_by().values("pk")[: most + 1].count()
    return number if number <= most else None
