"""``manage.py polyimages_maintain``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_polyimages.management.arguments import add_grace, add_jobs, number
from django_polyimages.management.progress import Progress, progress_of
from django_polyimages.management.reports import (
    AuditReport,
    DeletionReport,
    GenerationReport,
    UploadReport,
    failure_line,
    finding_line,
)
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.operations.audit import audit
from django_polyimages.operations.deletions import CarriedOut
from django_polyimages.operations.generation import GeneratedImage, default_jobs, seconds_of
from django_polyimages.operations.maintenance import (
    MaintenancePlan,
    Step,
    maintain,
    plan_maintenance,
)
from django_polyimages.operations.timing import Stop
from django_polyimages.operations.uploads import SweptUpload
from django_polyimages.storage.listing import CannotList


@dataclass(slots=True)
class _Report:
    """What became of everything so far."""

    plan: MaintenancePlan
    deletions: DeletionReport
    uploads: UploadReport
    generation: GenerationReport
    audit: AuditReport = field(default_factory=AuditReport)
    problem: str = ""
    """Why the audit has ended early."""

    def add(self, step: Step) -> str:
        """Count a step. Returns the line to print, if somebody has to know of it."""
        if isinstance(step, CarriedOut):
            self.deletions.add(step)
            return ""
        if isinstance(step, SweptUpload):
            self.uploads.add(step)
            return ""
        if isinstance(step, GeneratedImage):
            self.generation.add(step)
            return failure_line(step) if step.failure else ""
        self.audit.add(step)
        return finding_line(step) if step.is_left or step.fixed else ""


class Command(EndingCleanly):
    """Everything that should be done every day."""

    help = (
        "For cron, once a day: deletes files that the storage refused to delete and what was sent "
        "for uploads that nobody completed, generates versions that are missing, stale or failed, "
        "and compares the storage with the rows and mends what can be mended without a guess. The "
        "site can stay online. You can stop the command at any time and run it twice at once. "
        "Exits with 1 if something is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--plan",
            "--dry-run",
            action="store_true",
            help="Only say what would be done; change nothing. The audit reads all the same.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")
        add_grace(parser)
        parser.add_argument(
            "--seconds",
            type=number(at_least=1),
            default=math.inf,
            metavar="NUMBER",
            help="Begin nothing more after so many seconds. The next run goes on.",
        )
        add_jobs(parser, default_jobs())

    def handle(self, *args: Any, **options: Any) -> None:
        grace, jobs = timedelta(seconds=options["grace"]), options["jobs"]
        with (
            stopped_by_signals(options["seconds"]) as stop,
            progress_of(self, options) as progress,
        ):
            plan = plan_maintenance(grace=grace, jobs=jobs, stop=stop, watch=progress)
            seconds = math.ceil(seconds_of(plan.generation, jobs=jobs))
            report = _Report(
                plan,
                DeletionReport(plan.deletions),
                UploadReport(plan.uploads),
                GenerationReport(plan.generation, seconds),
            )
            self._work(report, stop, progress, options)
        left = report.generation.left(is_stopped=stop.is_due)
        if options["json"]:
            is_done = not options["plan"]
            self.stdout.write(json.dumps(_as_json(report, left, is_done=is_done)))
        if report.problem:
            raise CommandError(f"The audit has stopped. {report.problem}")
        if stop.is_due:
            raise CommandError("It was stopped; start it again.")
        if not options["plan"] and _is_something_left(report):
            raise CommandError("Something is left; see polyimages_audit and polyimages_generate.")

    def _work(
        self, report: _Report, stop: Stop, progress: Progress, options: Mapping[str, Any]
    ) -> None:
        is_text = not options["json"]
        if is_text:
            progress.write_all(report.deletions.plan_lines())
            progress.write_all(report.uploads.plan_lines())
            progress.write_all(report.generation.plan_lines())
        progress.expect("images", report.plan.generation.images)
        steps: Iterator[Step]
        if options["plan"]:
            steps = audit(replace(report.plan.audit, fix=False), progress, stop)
        else:
            steps = maintain(report.plan, stop=stop, watch=progress)
        try:
            for step in steps:
                line = report.add(step)
                if line and is_text:
                    progress.write(line)
        except CannotList as error:
            report.problem = str(error)
        if is_text and not options["plan"]:
            progress.write_all(report.deletions.lines())
            progress.write_all(report.uploads.lines())
            progress.write_all(report.generation.lines())
        if is_text:
            progress.write_all(report.audit.lines())


def _is_something_left(report: _Report) -> bool:
    refused = (report.deletions.reasons, report.uploads.reasons, report.generation.reasons)
    return any(refused) or bool(report.audit.left.total())


def _as_json(report: _Report, left: int, *, is_done: bool) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "deletions": report.deletions.as_json(is_done=is_done),
        "uploads": report.uploads.as_json(is_done=is_done),
        "generation": report.generation.as_json(is_done=is_done) | {"left": left},
        "audit": report.audit.outcome | {"problem": report.problem},
    }
