"""The library as JSON, for admin pages that let users choose images."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import Any

from django.conf import settings as django_settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_organization_model
from django_polyimages.admin.library.columns import thumbnail_of
from django_polyimages.admin.library.refusals import refusal
from django_polyimages.admin.titles import readable_title
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage
from django_polyimages.models.joins.metadata import key_field_of
from django_polyimages.models.primary_keys import canonical_key

PAGE_SIZE = 24
MAX_PAGE = 400
"""A page by number costs more the deeper it is; ``after`` leads to all that follow."""
LONGEST_SEARCH = 1000
"""Characters. SQLite fails on patterns of 50,000, and on conditions nested 1,000 deep."""
MOST_WORDS = 100


class ImageLibrary(admin.ModelAdmin):
    """``library/``: the images that the user may see, newest first, one page at a time."""

    def library_view(self, request: HttpRequest) -> JsonResponse:
        """Parameters: ``q`` as in the list, ``organization`` a primary key, ``page`` from 1, or
        ``after``: the ``next`` of the page before.
        """
        if not self.has_view_permission(request):
            return refusal(_("You do not have permission to view images."), HTTPStatus.FORBIDDEN)
        if request.method not in ("GET", "HEAD"):
            return refusal(_("Only GET is allowed."), HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            page = _page(request.GET.get("page", "1"))
            images = self._matching(request)
            if after := request.GET.get("after"):
                page, images = 1, images.filter(_older_than(after, self.model))
        except ValidationError as error:
            return refusal(" ".join(error.messages), HTTPStatus.BAD_REQUEST)
        first = (page - 1) * PAGE_SIZE
        rows = list(images[first : first + PAGE_SIZE + 1])  # one more shows if there is a next page
        return JsonResponse(
            {
                "images": [_image_out(image) for image in rows[:PAGE_SIZE]],
                "page": page,
                "has_next": len(rows) > PAGE_SIZE,
                "next": _place_of(rows[PAGE_SIZE - 1]) if len(rows) > PAGE_SIZE else None,
            }
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Nothing matches a search that is too long for the database."""
        if len(search_term) > LONGEST_SEARCH or len(search_term.split()) > MOST_WORDS:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def _matching(self, request: HttpRequest) -> QuerySet[Any]:
        images = self.get_queryset(request).select_related("organization")
        if key := request.GET.get("organization"):
            images = images.filter(organization=_organization_key(key))
        words = request.GET.get("q", "")
        ProhibitNullCharactersValidator()(words)
        images, may_repeat = self.get_search_results(request, images, words)
        images = images.order_by("-created_at", "-pk")
        return images.distinct() if may_repeat else images


def _page(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= MAX_PAGE:
        raise ValidationError(
            _("page: send a whole number from 1 to %(limit)d."), params={"limit": MAX_PAGE}
        )
    return number


def _place_of(image: AbstractImage) -> str:
    return f"{image.created_at.isoformat()}_{image.pk}"


def _older_than(place: str, model: type[AbstractImage]) -> Q:
    text, _separator, spelled = place.partition("_")
    try:
        moment, pk = parse_datetime(text), canonical_key(model, spelled)
        if moment and is_aware(moment):
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # a date that does not exist, or not in UTC
        moment = pk = None
    if moment is None or pk is None or is_aware(moment) != django_settings.USE_TZ:
        raise ValidationError(_("after: send the value of “next” from the previous page."))
    # The second condition implies the first, which is there because an index can answer it.
    return Q(created_at__lte=moment) & (Q(created_at__lt=moment) | Q(pk__lt=pk))


def _organization_key(text: str) -> Any:
    field = key_field_of(get_organization_model())
    try:
        ProhibitNullCharactersValidator()(text)
        return field.clean(text, None)
    except ValidationError as error:
        raise ValidationError(_("organization: this is not a valid ID.")) from error


def _image_out(image: AbstractImage) -> dict[str, Any]:
    thumb = thumbnail_of(image)
    return {
        "id": str(image.pk),
        "title": readable_title(image),
        "alt_text": image.alt_text,
        "organization": str(image.organization) if get_settings().has_organizations else "",
        "thumb": thumb and {"url": thumb.url, "width": thumb.width, "height": thumb.height},
        "width": image.width,
        "height": image.height,
    }
