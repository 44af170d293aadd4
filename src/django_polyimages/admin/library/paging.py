"""Pages of the list of images, which cost the same however many images there are."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from django_polyimages.models.counting import count_up_to

MOST_LISTED = 10_000
"""Images on all pages of the list together; filters and the search find the others."""


class BoundedPaginator(Paginator):
    """Counts and shows no more than ``MOST_LISTED`` rows."""

    @cached_property
    def count(self) -> int:
        return MOST_LISTED if self._number is None else self._number

    def page(self, number: Any) -> Page[Any]:
        """Skip by the keys alone: the uses of images on the pages before would be counted, too."""
        page = super().page(number)
        if page.number == 1:  # with nothing to skip
            return page
        rows, shown = (cast("QuerySet[Any]", one) for one in (self.object_list, page.object_list))
        page.object_list = rows.filter(pk__in=list(shown.values_list("pk", flat=True)))
        return page

    @property
    def is_bounded(self) -> bool:
        """Whether there are more rows, which an action for all of them takes as well."""
        return self._number is None

    @cached_property
    def _number(self) -> int | None:
        return count_up_to(MOST_LISTED, cast("QuerySet[Any]", self.object_list))
