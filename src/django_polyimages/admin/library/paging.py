"""Pages of the list of images, which cost the same however many images there are."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

from django_polyimages.models.counting import count_up_to

MOST_LISTED = 10_000
"""Images on all pages of the list together; filters and the search find the others."""


class BoundedPaginator(Paginator):
    """Counts and shows no more than ``MOST_LISTED`` rows."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        number = count_up_to(MOST_LISTED, rows)
        return MOST_LISTED if number is None else number
