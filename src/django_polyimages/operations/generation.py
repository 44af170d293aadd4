"""Generates versions of many images, several at a time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from django.db import Error, connections

from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage, Regeneration
from django_polyimages.operations.estimates import Estimate
from django_polyimages.operations.parallel import in_parallel
from django_polyimages.operations.regeneration import finish
from django_polyimages.operations.selection import Reason, Selected, Selection, look_at, rows_of
from django_polyimages.operations.timing import Pace, Stop, Watch, unwatched, watched
from django_polyimages.storage.listing import CannotList, sizes_of

MOST_IN_A_ROW: Final = 10
"""After so many failures one after another, storage or database may be the reason for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationPlan:
    """What there is to do, as it was when the rows were read; no row is kept in memory."""

    selection: Selection
    images: int
    """How many images have something to do."""
    reasons: Mapping[Reason, int]
    """How many of them for each reason. An image may have several."""
    bytes_to_read: int
    """The size of the originals that will be read."""
    bytes_to_write: int
    """The size of the new versions, estimated from those in the table."""
    cpu_seconds: float
    """An estimate of the CPU time, on one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedImage:
    """What became of one image."""

    id: str
    """Its primary key, as text."""
    key: str = ""
    """The key of its original; empty if the image was deleted in the meantime."""
    generated: Sequence[str] = ()
    """The names of the new versions. Without any, nothing was left to do, or it failed."""
    failure: str = ""
    """Why versions are still missing or outdated."""
    is_unanswered: bool = False
    """Whether it failed because the storage or the database did not answer."""
    is_busy: bool = False
    """Whether other images took so long that it was not tried."""


def plan_generation(
    selection: Selection, stop: Stop | None = None, watch: Watch = unwatched
) -> GenerationPlan:
    """Read all rows of the selection, and count what there is to do."""
    images, reasons, estimate = 0, Counter[Reason](), Estimate()
    for image, selected in watched(look_at(selection, stop), "rows read", watch):
        estimate.learn(image)
        if selected:
            images += 1
            reasons.update(selected.reasons)
            estimate.add(image, selected.names)
    return GenerationPlan(
        selection=selection,
        images=images,
        reasons=dict(reasons),
        bytes_to_read=estimate.bytes_to_read,
        bytes_to_write=estimate.bytes_to_write,
        cpu_seconds=estimate.cpu_seconds,
    )


def seconds_of(plan: GenerationPlan, *, jobs: int, rate: float = inf) -> float:
    """How long it may take: an estimate."""
    cores = min(jobs, get_settings().max_concurrency, default_jobs())
    return max(plan.cpu_seconds / cores, plan.images / rate)


def default_jobs() -> int:
    """One image for each CPU that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def generate(
    plan: GenerationPlan, *, jobs: int = 1, rate: float = inf, stop: Stop | None = None
) -> Iterator[GeneratedImage]:
    """Generate what the plan names, and yield what became of each image.

    ``jobs`` images at a time, and at most ``rate`` in a second. No more than ``MAX_CONCURRENCY`` of
    them are decoded at a time. The rows are read again, so what others have done in the meantime is
    not done twice. May be stopped at any time and started again: the rows say what is left. Safe
    beside the site and beside a second run. If an image fails, the others are still generated. Only
    if the storage or the database does not answer at all, the rest is left, and ``stop`` is asked.
    """
    selection, stop = plan.selection, Stop() if stop is None else stop
    rows, in_a_row = rows_of(selection), 0

    def work(selected: Selected) -> GeneratedImage:
        while True:  # more jobs than ``MAX_CONCURRENCY`` may have to wait longer than ``MAX_WAIT``
            result = _generate(rows.model, rows.db, selected, everything=selection.everything)
            if not result.is_busy or stop.is_due:
                return result

    for result in in_parallel(work, _paced(selection, rate, stop), jobs=jobs):
        yield result
        in_a_row = in_a_row + 1 if result.failure else 0
        if in_a_row == MOST_IN_A_ROW:
            if result.is_unanswered or not _storage_answers(result.key):
                stop.ask()
                return
            in_a_row = 0


def _paced(selection: Selection, rate: float, stop: Stop) -> Iterator[Selected]:
    pace = Pace(rate, stop.sleep)
    for _image, selected in look_at(selection, stop):
        if selected and not stop.is_due:
            yield selected
            pace.spend(1)


def _generate(
    model: type[AbstractImage], using: str, selected: Selected, *, everything: bool
) -> GeneratedImage:
    pk = str(selected.pk)
    try:
        image = model._base_manager.using(using).filter(pk=selected.pk).first()
        result = None if image is None else _finish(image, selected, everything=everything)
    except Error as error:
        connections[using].close_if_unusable_or_obsolete()
        return GeneratedImage(id=pk, failure=type(error).__name__, is_unanswered=True)
    if image is None or result is None:
        return GeneratedImage(id=pk)
    return GeneratedImage(
        id=pk,
        key=image.key,
        generated=result.generated,
        failure=result.failure,
        is_unanswered=result.is_timeout,
        is_busy=result.is_busy,
    )


def _finish(image: AbstractImage, selected: Selected, *, everything: bool) -> Regeneration | None:
    specs = get_settings().versions if everything else image.outdated_specs
    is_all = selected.names >= {spec.name for spec in specs}
    return finish(image, everything=everything, only=None if is_all else selected.names)


def _storage_answers(key: str) -> bool:
    try:
        sizes_of(key)
    except CannotList:
        return False
    return True
