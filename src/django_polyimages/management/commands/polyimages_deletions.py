"""``manage.py polyimages_deletions``."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from django_polyimages.management.arguments import add_rate
from django_polyimages.management.progress import progress_of
from django_polyimages.management.reports import DeletionReport, count
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.operations.deletions import carry_out, plan_deletions


class Command(EndingCleanly):
    """Deletes files again that the storage refused to delete."""

    help = (
        "Deletes the files of deleted images that the storage refused to delete, or that were left "
        "when a process was killed. Each refusal doubles the time until the next attempt, from a "
        "minute to a day. You can stop the command at any time, run it twice at once and leave the "
        "site online. Exit code 1 if a deletion was tried and refused again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say what would be done; change nothing."
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="Also try deletions that are not due yet, for example after the storage is back.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="The database that records the deletions.",
        )
        add_rate(parser, "files")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = plan_deletions(everything=options["all"], using=options["database"])
        report, is_text = DeletionReport([plan]), not options["json"]
        with stopped_by_signals() as stop, progress_of(self, options) as progress:
            if is_text:
                progress.write_all(report.plan_lines("; --all tries them too"))
            if not options["dry_run"]:
                progress.expect("files", plan.files)
                for result in carry_out(plan, rate=options["rate"], stop=stop):
                    report.add(result)
                    progress("files", result.files + result.left)
                if is_text:
                    progress.write_all(report.lines())
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(is_done=not options["dry_run"])))
        if report.reasons:
            refused = count(report.reasons.total(), "deletion")
            raise CommandError(f"The storage refused {refused}; try again later.")
        if stop.is_due:
            raise CommandError("It was stopped; start it again.")
