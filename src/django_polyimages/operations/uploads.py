"""Ends pending uploads whose time is over, and deletes what was sent for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from django_polyimages.models import PendingUpload
from django_polyimages.models.upload_manager import UPLOAD_TIME
from django_polyimages.operations.audit.tables import databases, parts
from django_polyimages.operations.timing import Stop, until_asked
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.pipeline.patience import Patience
from django_polyimages.storage import get_original_storage
from django_polyimages.storage.incoming import incoming_prefix
from django_polyimages.storage.keys import is_incoming
from django_polyimages.storage.listing import list_files

SLACK: Final = timedelta(minutes=15)
"""How long after its time an upload is left alone: a PUT or a completion may be under way, and the
clocks of two servers differ.
"""
_AT_ONCE: Final = 500
_SECONDS: Final = 300.0
"""How long a batch waits for the storage."""


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """The uploads of one database whose time is over, whether they were used or not."""

    uploads: QuerySet[PendingUpload]
    rows: int


@dataclass(frozen=True, slots=True)
class SweptUpload:
    """What became of one upload, or of a file without one."""

    key: str
    """Of its file, which may never have been sent."""
    reason: str
    """Why the storage did not delete it; the row stays then. Empty if it did."""


def plan_uploads(*, slack: timedelta = SLACK, using: str | None = None) -> UploadPlan:
    """A plan for the uploads that ended at least ``slack`` ago.

    ``using`` names the database, which is the default one for writing if None.
    """
    rows = PendingUpload.objects.using(using or router.db_for_write(PendingUpload))
    over = rows.filter(expires_at__lte=timezone.now() - slack).order_by("pk")
    return UploadPlan(over, over.count())


def sweep_uploads(plan: UploadPlan, *, stop: Stop | None = None) -> Iterator[SweptUpload]:
    """Delete the files of these uploads, then their rows, and yield what became of each.

    A file is deleted also if it was used, as it may have been sent again. May be stopped at any
    time, and run beside others and beside the site.
    """
    stop = Stop() if stop is None else stop
    batch = plan.uploads
    while not stop.is_due and (found := list(batch[:_AT_ONCE])):
        failures = _deleted([one.key for one in found], stop)
        done = [one.pk for one in found if one.key not in failures]
        plan.uploads.order_by().filter(pk__in=done).delete()
        for one in found:
            yield SweptUpload(one.key, failures.get(one.key, ""))
        batch = plan.uploads.filter(pk__gt=found[-1].pk)


def strays(*, slack: timedelta = SLACK) -> Iterator[str]:
    """The keys of files that no row permits any longer: sent late, or their row was deleted.

    Raises ``CannotList`` if the storage cannot list its files.
    """
    newest = datetime.now(UTC) - UPLOAD_TIME - slack  # aware, also if the host has no time zones
    listed = list_files(get_original_storage(), incoming_prefix())
    old = (one.key for one in listed if is_incoming(one.key) and one.modified <= newest)
    for some in parts(old, _AT_ONCE):
        known = set(_known(some))
        yield from (key for key in some if key not in known)


def sweep_strays(*, slack: timedelta = SLACK, stop: Stop | None = None) -> Iterator[SweptUpload]:
    """Delete ``strays()``, and yield what became of each."""
    stop = Stop() if stop is None else stop
    for some in until_asked(parts(strays(slack=slack), _AT_ONCE), stop):
        failures = _deleted(some, stop)
        for key in some:
            yield SweptUpload(key, failures.get(key, ""))


def _deleted(keys: Sequence[str], stop: Stop) -> dict[str, str]:
    return delete_files(keys, Patience(min(_SECONDS, stop.seconds_left)))


def _known(keys: Iterable[str]) -> Iterator[str]:
    for using in databases():
        rows = PendingUpload.objects.using(using).filter(key__in=keys)
        yield from rows.values_list("key", flat=True)
