"""``manage.py polyimages_generate``."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_polyimages.accessors import get_organization_model
from django_polyimages.management.arguments import (
    add_jobs,
    add_rate,
    moment,
    seconds_ago,
    version_name,
)
from django_polyimages.management.progress import Progress, progress_of
from django_polyimages.management.reports import GenerationReport, count, failure_line
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.models.primary_keys import canonical_key
from django_polyimages.operations.generation import (
    default_jobs,
    generate,
    plan_generation,
    seconds_of,
)
from django_polyimages.operations.selection import GRACE, REASONS, Selection
from django_polyimages.operations.timing import Stop
from django_polyimages.policies import get_policy

_REASONS = {
    "missing": "Images that lack a version which has a spec.",
    "stale": "Versions of a spec or a focal point that has changed since, or of a spec that is "
    "gone; the files of the latter are deleted.",
    "failed": "Images of which versions could not be generated.",
    "pending": "Images whose process was killed before versions were generated.",
}


class Command(EndingCleanly):
    """Generates the versions of many images."""

    help = (
        "Generates versions that are missing, stale or failed, of all images or of some. The site "
        "can stay online. You can stop the command at any time, with Ctrl-C or SIGTERM, and start "
        "it again: it goes on where it was. Exits with 1 if something is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for reason, text in _REASONS.items():
            parser.add_argument(f"--{reason}", action="store_true", help=text)
        parser.add_argument(
            "--due",
            action="store_true",
            help="What task engines have lost: pending images that are due, without --grace. Reads "
            "no other row, so run it as often as you like.",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="Generate everything again, also what is up to date. If neither this nor one of "
            "the above is given, all of the above.",
        )
        parser.add_argument(
            "--only",
            nargs="+",
            action="extend",
            type=version_name,
            default=[],
            metavar="VERSION",
            help="Only versions with these names, such as: --only sm lg",
        )
        parser.add_argument(
            "--organization", help="Only images of this one, by its slug in URLs or primary key."
        )
        parser.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="Only images uploaded since, such as 2026-03-01 or 2026-03-01T04:10.",
        )
        parser.add_argument(
            "--grace",
            type=seconds_ago,
            default=GRACE.total_seconds(),
            metavar="SECONDS",
            help="Leave pending images alone that were changed less long ago (%(default)g by "
            "default).",
        )
        parser.add_argument(
            "--plan",
            "--dry-run",
            action="store_true",
            help="Only say how much there is to do, and how long it may take; change nothing.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")
        add_jobs(parser, default_jobs())
        add_rate(parser, "images")

    def handle(self, *args: Any, **options: Any) -> None:
        selection = _selection(options)
        with stopped_by_signals() as stop, progress_of(self, options) as progress:
            plan = plan_generation(selection, stop, progress)
            seconds = seconds_of(plan, jobs=options["jobs"], rate=options["rate"])
            report = GenerationReport(plan, math.ceil(seconds))
            if not options["json"]:
                progress.write_all(report.plan_lines())
            if not options["plan"]:
                progress.expect("images", plan.images)
                self._generate(report, stop, progress, options)
        left = report.left(is_stopped=stop.is_due)
        if options["json"]:
            text = report.as_json(is_done=not options["plan"]) | {"left": left}
            self.stdout.write(json.dumps(text))
        if report.reasons or stop.is_asked:
            failed = count(report.reasons.total(), "image")
            raise CommandError(f"{failed} failed, {count(left, 'image')} left; start it again.")

    def _generate(
        self, report: GenerationReport, stop: Stop, progress: Progress, options: dict[str, Any]
    ) -> None:
        results = generate(report.plan, jobs=options["jobs"], rate=options["rate"], stop=stop)
        for result in results:
            report.add(result)
            progress("images")
            if result.failure and not options["json"]:
                progress.write(failure_line(result))
        if not options["json"]:
            progress.write_all(report.lines())


def _selection(options: dict[str, Any]) -> Selection:
    reasons = frozenset(reason for reason in _REASONS if options[reason])
    if options["due"]:
        reasons, options["grace"] = frozenset(["pending"]), 0
    if "stale" in reasons:
        reasons |= {"removed"}
    try:
        return Selection(
            reasons=REASONS & reasons or REASONS,
            everything=options["all"],
            only=frozenset(options["only"]),
            organization=_organization(options["organization"]),
            since=options["since"],
            grace=timedelta(seconds=options["grace"]),
        )
    except ValueError as error:
        raise CommandError(str(error), returncode=2) from error


def _organization(text: str | None) -> Any:
    """The primary key of an organization, by its slug or by itself; None if none was asked for."""
    if text is None:
        return None
    found = get_policy().get_organization(text)
    if found is None:
        model = get_organization_model()
        key = canonical_key(model, text)
        found = None if key is None else model._base_manager.filter(pk=key).first()
    if found is None:
        raise CommandError(f"There is no organization {text!r}.", returncode=2)
    return found.pk
