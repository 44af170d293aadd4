"""When a client should ask again for images that are pending: the header ``Retry-After``."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from django_polyimages.models import AbstractImage

SHORTEST: Final = 5
LONGEST: Final = 60
_WAIT = "_polyimages_wait"


def waits_for(image: AbstractImage, request: HttpRequest) -> None:
    """Note that the answer to ``request`` shows this image, if it is pending."""
    if image.status == image.Status.PENDING:
        earlier: int = getattr(request, _WAIT, LONGEST)
        setattr(request, _WAIT, min(earlier, _seconds(image)))


def wait_of(request: HttpRequest) -> int | None:
    """The seconds until the first image of the answer may be ready; None if none is pending."""
    return getattr(request, _WAIT, None)


def _seconds(image: AbstractImage) -> int:
    """Doubled by each attempt of a worker, as those that fail are further and further apart."""
    return int(min(LONGEST, SHORTEST * 2**image.attempts))
