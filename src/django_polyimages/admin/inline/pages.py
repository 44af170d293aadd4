"""The images of one object in pages: the part of the formset that says what is shown."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.contenttypes.forms import BaseGenericInlineFormSet
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from django_polyimages.admin.inline.relation_forms import ImageRelationForm
from django_polyimages.conf import get_settings
from django_polyimages.errors import TooManyImages
from django_polyimages.models.primary_keys import canonical_key

PAGE = "images_page"
"""The parameter of the address that says which of an object's images are shown."""


class PagedFormSet(BaseGenericInlineFormSet):
    """Shows one page of the images. Sent back, it is about the images that were sent, wherever they
    are by then.
    """

    request: ClassVar[HttpRequest]
    is_shown: ClassVar[bool] = True
    """False if the user may do nothing with these images: then nothing of them is shown or saved,
    but an object does not move to another organization with them.
    """
    can_upload: ClassVar[bool] = True
    can_pick: ClassVar[bool] = True
    per_page: ClassVar[int] = 50
    most: ClassVar[int | None] = None
    """``max_num`` of the inline."""

    if TYPE_CHECKING:  # not in the stubs

        def _should_delete_form(self, form: Any) -> bool: ...

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        if data is not None and not self.is_shown:
            prefix = options.get("prefix") or self.get_default_prefix()
            data, files = {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}, None
        super().__init__(data, files, **options)
        every = cast("QuerySet[Any]", self.queryset)
        self._every = every if every.ordered else every.order_by("pk")
        self.queryset = (
            self._sent() if self.is_bound else cast("QuerySet[Any]", self.page.object_list)
        )

    @cached_property
    def page(self) -> Page[Any]:
        """The page that is shown."""
        number = self.data.get(f"{self.prefix}-page") or self.request.GET.get(PAGE)
        return Paginator(self._every, self.per_page).get_page(number)

    @property
    def pages(self) -> list[tuple[Any, str]]:
        """The numbers of the pages and their addresses; empty for an ellipsis and this page."""
        query = self.request.GET.copy()
        pages = []
        for number in self.page.paginator.get_elided_page_range(self.page.number):
            query[PAGE] = str(number)
            is_link = isinstance(number, int) and number != self.page.number
            pages.append((number, f"?{query.urlencode()}" if is_link else ""))
        return pages

    @property
    def limit(self) -> int:
        """How many images the object may have."""
        limit = get_settings().max_images_per_object
        return limit if self.most is None else min(limit, self.most)

    @property
    def too_many(self) -> str:
        """What to say to somebody who adds more."""
        return str(TooManyImages(self.limit))

    @property
    def room(self) -> int:
        """How many images can be added to those that the database has."""
        if not (self.can_upload or self.can_pick):
            return 0
        return max(0, self.limit - self.page.paginator.count)

    @property
    def is_addable(self) -> bool:
        """Whether the page offers to add images: also instead of others that are removed there."""
        is_replaceable = bool(self.limit and self.can_delete and self.page.paginator.count)
        return (self.can_upload or self.can_pick) and (self.room > 0 or is_replaceable)

    @property
    def cards(self) -> list[ImageRelationForm]:
        """The forms to show; those that come back with errors in the order that was sent."""
        every = cast("list[ImageRelationForm]", self.forms)
        cards = [form for form in every if not form.gone]
        return sorted(cards, key=lambda form: form.sent_place) if self.is_bound else cards

    def total_form_count(self) -> int:
        """As in Django, but without empty rows that there is no room for."""
        total = super().total_form_count()
        return total if self.is_bound else min(total, self.initial_form_count() + self.room)

    def _sent(self) -> QuerySet[Any]:
        """The object's relations whose keys were sent."""
        model = cast("type[Model]", self.model)
        name = model._meta.pk.name
        rows = range(min(self.initial_form_count(), self.total_form_count()))
        sent = [self.data.get(f"{self.add_prefix(row)}-{name}", "") for row in rows]
        keys = [canonical_key(model, text) for text in sent]
        return self._every.filter(pk__in=[key for key in keys if key is not None])

    def _is_removed(self, form: ImageRelationForm) -> bool:
        return bool(self.can_delete and self._should_delete_form(form))
