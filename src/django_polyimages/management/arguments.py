"""Types of the arguments of commands."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.timezone import is_naive, make_aware, make_naive

from django_polyimages.conf import get_settings
from django_polyimages.models.regeneration import unknown_versions
from django_polyimages.operations.audit import GRACE


def number(*, at_least: float, at_most: float = sys.float_info.max) -> Callable[[str], float]:
    """A number that is neither smaller nor larger nor infinite."""
    limit = f" and at most {at_most:,.0f}" if at_most < sys.float_info.max else ""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not at_least <= found <= at_most:
            raise ArgumentTypeError(f"{text!r} is not a number of at least {at_least:g}{limit}.")
        return found

    return read


seconds_ago = number(at_least=0, at_most=10_000_000_000)
"""How long ago, in seconds: not before the first year of the calendar."""


def whole_number(text: str) -> int:
    """A whole number of at least 1."""
    try:
        found = int(text)
    except ValueError:
        found = 0
    if found < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1.")
    return found


def moment(text: str) -> datetime:
    """A date or a point in time in ISO format; without an offset, in the project's time zone."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(
            f"{text!r} is neither a date such as 2026-03-01 nor a time such as 2026-03-01T04:10."
        ) from error
    if settings.USE_TZ:
        return make_aware(found) if is_naive(found) else found
    return found if is_naive(found) else make_naive(found)


def origin(text: str) -> str:
    """The origin of a site as browsers send it: scheme, host and port, and nothing more."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/") or url.query:
        raise ArgumentTypeError(f"{text!r} is not the address of a site, as https://example.com.")
    return f"{url.scheme}://{url.netloc}".lower()


def version_name(text: str) -> str:
    """The name of a version in the setting."""
    if text not in get_settings().version_names:
        raise ArgumentTypeError(unknown_versions([text]))
    return text


def add_rate(parser: CommandParser, things: str) -> None:
    """``--rate``, for a site that needs its storage and its cores itself."""
    parser.add_argument(
        "--rate",
        type=number(at_least=0.001),
        default=math.inf,
        metavar="NUMBER",
        help=f"How many {things} per second at most.",
    )


def add_grace(parser: CommandParser) -> None:
    """``--grace`` of an audit, for uploads and regenerations that are still at work."""
    parser.add_argument(
        "--grace",
        type=seconds_ago,
        default=GRACE.total_seconds(),
        metavar="SECONDS",
        help="Leave files without a row and pending images alone that are younger than this; "
        "a day by default. It has to be longer than the longest upload.",
    )


def add_jobs(parser: CommandParser, default: int) -> None:
    """``--jobs``: images at the same time."""
    parser.add_argument(
        "--jobs",
        type=whole_number,
        default=default,
        metavar="N",
        help="How many images to work on at the same time (%(default)s by default). At most "
        "MAX_CONCURRENCY of them are decoded at a time.",
    )
