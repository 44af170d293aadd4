"""How answers write times."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils import timezone

_WRITES_JSON = "_polyimages_writes_json"


def writes_json(request: HttpRequest) -> None:
    """Note that the answer to ``request`` is rendered by Ninja itself, see ``moment_out()``."""
    setattr(request, _WRITES_JSON, True)


def moment_out(moment: datetime, request: HttpRequest) -> datetime | str:
    """In UTC, and already as Ninja writes it in JSON, which takes five times as long there.

    A renderer of the host gets a ``datetime``, to write it in its own way.
    """
    found = in_utc(moment)
    if not getattr(request, _WRITES_JSON, False):
        return found
    text = found.isoformat()
    return f"{text[:23]}Z" if found.microsecond else f"{text[:19]}Z"


def in_utc(moment: datetime) -> datetime:
    """With a time zone, also if the host has ``USE_TZ = False``."""
    if moment.tzinfo is UTC:  # as Django reads it from a database
        return moment
    aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    return aware.astimezone(UTC)
