"""Everything that should be done every day, in this order: deletions, uploads whose time is over,
versions, an audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from django_polyimages.operations.audit import GRACE, AuditPlan, Finding, audit
from django_polyimages.operations.audit.tables import databases
from django_polyimages.operations.deletions import (
    CarriedOut,
    DeletionPlan,
    carry_out,
    plan_deletions,
)
from django_polyimages.operations.generation import (
    GeneratedImage,
    GenerationPlan,
    generate,
    plan_generation,
)
from django_polyimages.operations.selection import GRACE as GRACE_OF_IMAGES
from django_polyimages.operations.selection import Selection
from django_polyimages.operations.timing import Stop, Watch, unwatched
from django_polyimages.operations.uploads import (
    SLACK,
    SweptUpload,
    UploadPlan,
    plan_uploads,
    sweep_strays,
    sweep_uploads,
)

Step: TypeAlias = CarriedOut | SweptUpload | GeneratedImage | Finding


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """What there is to do, as far as rows tell. Only the audit itself finds out the rest."""

    deletions: Sequence[DeletionPlan]
    """One for each database."""
    uploads: Sequence[UploadPlan]
    """One for each database."""
    slack: timedelta
    """How long after its time an upload is left alone."""
    generation: GenerationPlan
    audit: AuditPlan


def plan_maintenance(
    *,
    grace: timedelta = GRACE,
    jobs: int = 1,
    stop: Stop | None = None,
    watch: Watch = unwatched,
) -> MaintenancePlan:
    """A plan that leaves alone files without a row that are younger than ``grace``, uploads that
    have been over for less than a quarter of an hour, and pending images that have been due for
    less than ten minutes. ``jobs`` is how many images are worked on at the same time.
    """
    slack = max(min(grace, SLACK), timedelta())
    return MaintenancePlan(
        deletions=[plan_deletions(using=using) for using in databases()],
        uploads=[plan_uploads(slack=slack, using=using) for using in databases()],
        slack=slack,
        generation=plan_generation(Selection(grace=min(grace, GRACE_OF_IMAGES)), stop, watch),
        audit=AuditPlan(fix=True, grace=grace, jobs=jobs),
    )


def maintain(
    plan: MaintenancePlan, *, stop: Stop | None = None, watch: Watch = unwatched
) -> Iterator[Step]:
    """Do it, and yield what became of each deletion, each upload, each image and each fault that
    was found.

    May be stopped at any time and run beside others and beside the site, because each part may. The
    audit, and the search for files that were sent too late, do not begin if there is no time left.
    Raises ``CannotList`` if a storage cannot list
    its files or does not answer; the other parts are done then.
    """
    stop = Stop() if stop is None else stop
    for deletions in plan.deletions:
        for result in carry_out(deletions, stop=stop):
            watch("files", result.files + result.left)
            yield result
    for uploads in plan.uploads:
        yield from sweep_uploads(uploads, stop=stop)
    for image in generate(plan.generation, jobs=plan.audit.jobs, stop=stop):
        watch("images", 1)
        yield image
    if stop.is_due:
        return
    yield from sweep_strays(slack=plan.slack, stop=stop)
    yield from audit(plan.audit, watch, stop)
