"""What the list of images shows on a page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList


class ImageChangeList(ChangeList):
    """Django's list. Its links take the filters along, as Django's do.

    For each link of each row, Django resolves the URL to find out whether it is one that takes
    filters. That is a sixth of the time for a page of 200 images, and the answer is always yes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._filters, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: Any) -> str:
        url = super().url_for_result(result)
        return f"{url}?{self._filters}" if self._filters else url
