"""What is set, what waits for a worker, and what is wrong with it. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.core import checks
from django.db import Error, router
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from django_polyimages.accessors import get_image_model
from django_polyimages.checks.tasks import check_task_engine
from django_polyimages.conf import get_settings
from django_polyimages.models import FileDeletion
from django_polyimages.models.pending import due
from django_polyimages.operations.audit.tables import ImageTable, databases, image_tables
from django_polyimages.pixels.resampling import scaler

THRESHOLD: Final = timedelta(minutes=5)
"""How long work may wait for a worker."""
_LIMITS: Final = (
    *("max_concurrency", "max_memory", "max_wait", "storage_timeout"),
    *("task_backend", "task_queue", "task_attempts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at."""

    what: str
    """Such as ``GENERATE`` or ``images that wait``."""
    value: str
    problem: str = ""
    """What is wrong; empty if nothing is."""
    hint: str = ""
    """What helps."""


def diagnose(threshold: timedelta = THRESHOLD) -> Iterator[Diagnosis]:
    """Look at the settings, the engine and the tables; the tables with two queries each.

    Work that has been due for longer than ``threshold`` is a problem: no worker takes it.
    """
    settings = get_settings()
    yield Diagnosis(what="GENERATE", value=settings.generate)
    for name in _LIMITS:
        yield Diagnosis(what=name.upper(), value=str(getattr(settings, name)))
    yield Diagnosis(what="versions are scaled by", value=scaler())
    for message in check_task_engine():
        yield _of_check(message)
    try:
        tables, aliases = _places()
    except Error as error:
        yield _unanswered("databases", error)
        return
    for table in tables:
        yield from _answered(_name(table), partial(_of_images, table, threshold))
    for using in aliases:
        where = f"file deletions that wait in {using}"
        yield from _answered(where, partial(_of_deletions, using, threshold))


def _places() -> tuple[Sequence[ImageTable], Sequence[str]]:
    """The tables that images are written to, and the databases that have any; those of the image
    model even if they are not there.
    """
    model = get_image_model()
    main = ImageTable(model, router.db_for_write(model))
    tables = [table for table in image_tables() if table.is_in_use]
    return list(dict.fromkeys([*tables, main])), list(dict.fromkeys([*databases(), main.using]))


def _answered(what: str, look: Callable[[], Sequence[Diagnosis]]) -> Sequence[Diagnosis]:
    """What was found, or why the database does not say."""
    try:
        return look()
    except Error as error:
        return [_unanswered(what, error)]


def _unanswered(what: str, error: Error) -> Diagnosis:
    problem = f"The database cannot be asked: {error}"
    hint = "Is it running, and was manage.py migrate run?"
    return Diagnosis(what=what, value="", problem=problem, hint=hint)


def _name(table: ImageTable) -> str:
    return f"{table.model._meta.label} in {table.using}"


def _of_check(message: checks.CheckMessage) -> Diagnosis:
    return Diagnosis(
        what=str(message.id), value="", problem=str(message.msg), hint=str(message.hint or "")
    )


def _of_images(table: ImageTable, threshold: timedelta) -> Sequence[Diagnosis]:
    rows, status = table.rows(), table.model.Status
    unfinished = rows.filter(status__in=[status.PENDING, status.FAILED])  # which has an index
    numbers = unfinished.aggregate(
        pending=Count("pk", filter=Q(status=status.PENDING)),
        failed=Count("pk", filter=Q(status=status.FAILED)),
    )
    # Rows of older releases do not tell since when they are due.
    since = Coalesce("next_attempt_at", "updated_at")
    waiting = due(rows).aggregate(number=Count("pk"), oldest=Min(since))
    waits = Diagnosis(
        what=f"{_name(table)}: images that wait",
        value=f"{waiting['number']:,} of {numbers['pending']:,} pending",
        **_late(waiting["oldest"], threshold, "images", "manage.py polyimages_generate --due"),
    )
    failed = numbers["failed"]
    fails = Diagnosis(
        what=f"{_name(table)}: images without all versions",
        value=f"{failed:,}",
        problem=f"{failed:,} images have failed." if failed else "",
        hint="The admin shows the reasons. manage.py polyimages_generate --failed tries again."
        if failed
        else "",
    )
    return [waits, fails]


def _of_deletions(using: str, threshold: timedelta) -> Sequence[Diagnosis]:
    deletions = FileDeletion.objects.db_manager(using)
    found = deletions.due(timezone.now()).aggregate(
        number=Count("pk"), oldest=Min("next_attempt_at")
    )
    return [
        Diagnosis(
            what=f"file deletions that wait in {using}",
            value=f"{found['number']:,} of {deletions.count():,}",
            **_late(found["oldest"], threshold, "deletions", "manage.py polyimages_deletions"),
        )
    ]


def _late(
    oldest: datetime | None, threshold: timedelta, things: str, command: str
) -> dict[str, Any]:
    waited = timezone.now() - oldest if oldest else timedelta()
    if waited <= threshold:
        return {}
    is_inline = get_settings().generate == "inline"
    hint = "Run" if is_inline else "Start a worker of the task engine, and run"
    return {
        "problem": f"The oldest of these {things} has waited for {_readable(waited)}: no worker "
        "takes them.",
        "hint": f"{hint} {command} regularly.",
    }


def _readable(duration: timedelta) -> str:
    """Such as ``2:05:00`` or ``3 days, 4:00:00``."""
    return str(timedelta(seconds=int(duration.total_seconds())))
