"""Deletes again the files that the storage has refused to delete, or never was asked for."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Final

from django.db import router
from django.db.models import Min, QuerySet
from django.utils import timezone

from django_polyimages.models import FileDeletion
from django_polyimages.models.deletions import AT_ONCE, CLAIM
from django_polyimages.operations.timing import Pace, Stop
from django_polyimages.pipeline.patience import Patience

NOT_TRIED: Final = "not tried yet"
"""The reason of deletions whose process ended before it asked the storage."""
_FILES: Final = 5
"""How many files an image usually has."""


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """Which deletions to carry out, and what is known of them; no row is kept in memory."""

    deletions: QuerySet[FileDeletion]
    rows: int
    files: int
    oldest: datetime | None
    """When the first of them was recorded."""
    reasons: Mapping[str, int]
    """How many were refused for each reason, which is the name of a problem or ``NOT_TRIED``."""
    not_due: int = 0
    """How many are left out because they are not due yet."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What became of one deletion."""

    key: uuid.UUID
    files: int
    """How many are deleted, or left to a row that uses them."""
    left: int
    """How many the storage refused."""
    reason: str
    """Why, or an empty string."""


def plan_deletions(*, everything: bool = False, using: str | None = None) -> DeletionPlan:
    """A plan for the deletions that are due, or for ``everything``, also what is not due.

    ``using`` names the database, which is the default one for writing if None. What others have
    claimed is not due, and nor is what is not a minute old: the process that recorded it may be
    about to carry it out.
    """
    objects = FileDeletion.objects.db_manager(using or router.db_for_write(FileDeletion))
    if everything:
        return plan_these(objects.all())
    # What becomes due while the plan is applied has to wait for the next one, so this ends.
    due = plan_these(objects.due(timezone.now()))
    return replace(due, not_due=max(objects.count() - due.rows, 0))


def plan_these(deletions: QuerySet[FileDeletion]) -> DeletionPlan:
    """A plan for ``deletions``, whether they are due or not."""
    files, reasons = 0, Counter[str]()
    for keys, reason in deletions.order_by().values_list("keys", "last_error").iterator():
        files += len(keys)
        reasons[reason or NOT_TRIED] += 1
    return DeletionPlan(
        deletions=deletions.order_by("pk"),
        rows=reasons.total(),
        files=files,
        oldest=deletions.aggregate(oldest=Min("created_at"))["oldest"],
        reasons=dict(reasons),
    )


def carry_out(
    plan: DeletionPlan, *, rate: float = inf, stop: Stop | None = None
) -> Iterator[CarriedOut]:
    """Carry out the deletions, a thousand at a time, and yield what became of each.

    At most ``rate`` files are deleted in a second. No batch is begun when ``stop`` is due.
    Deletions that others have claimed are left out. May be stopped at any time, and run beside
    others and beside the site: each batch is claimed first. Must not run in a transaction, since
    the storage may take minutes to answer.
    """
    objects = FileDeletion.objects.db_manager(plan.deletions.db)
    batch = plan.deletions
    stop = Stop() if stop is None else stop
    pace = Pace(rate, stop.sleep)
    at_once = int(min(AT_ONCE, max(1, rate / _FILES)))  # about a second's
    while (seconds_left := stop.seconds_left) and (found := list(batch[:at_once])):
        claimed = objects.claim(found)
        # Nobody waits for an answer here, so a slow storage has much more time than in a request.
        patience = Patience(min(CLAIM.total_seconds() / 2, seconds_left))
        left = {one.pk: one for one in objects.carry_out(claimed, patience)}
        for one in claimed:
            yield _result(one, left.get(one.pk))
        pace.spend(sum(len(one.keys) for one in claimed))
        batch = plan.deletions.filter(pk__gt=found[-1].pk)


def _result(before: FileDeletion, refused: FileDeletion | None) -> CarriedOut:
    if refused is None:
        return CarriedOut(before.pk, files=len(before.keys), left=0, reason="")
    left = len(refused.keys)
    return CarriedOut(before.pk, len(before.keys) - left, left, refused.last_error)
