"""Pages of images, by number or by cursor, and the filters of the list."""

from __future__ import annotations

from django.core import signing
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from django_polyimages.accessors import get_image_model
from django_polyimages.api.errors import bad_request
from django_polyimages.api.schemas_in import ImagesPage
from django_polyimages.formats import FORMATS
from django_polyimages.models import AbstractImage, ImageQuerySet
from django_polyimages.models.counting import count_up_to
from django_polyimages.models.primary_keys import canonical_key

SALT = "django_polyimages.cursor"
MOST_COUNTED = 10_000
"""Images that a list counts; if there are more, ``count`` is null."""


def filtered(images: ImageQuerySet, page: ImagesPage) -> ImageQuerySet:
    """The images that match the page's filters."""
    if page.title:
        images = images.filter(title__icontains=page.title)
    if page.format:
        images = images.filter(media_type=FORMATS[page.format].media_type)
    if page.status:
        images = images.filter(status=page.status)
    if page.unattached:
        images = images.unused()
    return images


def page_of(images: ImageQuerySet, page: ImagesPage) -> tuple[list[AbstractImage], str | None]:
    """The images of one page, newest first, and the cursor of the next page.

    A page by cursor costs the same however deep it is; one by offset costs more the deeper it is.
    """
    if page.cursor and page.offset:
        raise bad_request(_("cursor: send a cursor or an offset, not both."), "invalid_fields")
    images = images.newest_first()
    if page.cursor:
        images = images.filter(_older_than(page.cursor))
    found = list(images[page.offset : page.offset + page.limit + 1])
    shown = found[: page.limit]
    return shown, _cursor_after(shown[-1]) if len(found) > page.limit else None


def count_of(
    images: ImageQuerySet, page: ImagesPage, shown: list[AbstractImage], following: str | None
) -> int | None:
    """How many images match, by a query only if the page does not tell it."""
    if page.cursor:
        return None
    if following is None and (shown or not page.offset):
        return page.offset + len(shown)
    return count_up_to(MOST_COUNTED, images)


def _cursor_after(image: AbstractImage) -> str:
    return signing.dumps([image.created_at.isoformat(), str(image.pk)], salt=SALT)


def _older_than(cursor: str) -> Q:
    try:
        created_at, key = signing.loads(cursor, salt=SALT)
    except signing.BadSignature as error:
        raise bad_request(
            _("cursor: send the value of “next” from the previous page."), "invalid_cursor"
        ) from error
    moment, pk = parse_datetime(created_at), canonical_key(get_image_model(), key)
    # The second condition implies the first, which is there because an index can answer it.
    return Q(created_at__lte=moment) & (Q(created_at__lt=moment) | Q(pk__lt=pk))
