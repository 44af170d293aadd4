"""``manage.py polyimages_audit``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_polyimages.management.arguments import add_grace, add_jobs, number
from django_polyimages.management.progress import Progress, progress_of
from django_polyimages.management.reports import AuditReport, finding_line
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.operations.audit import RATE, AuditPlan, Finding, audit
from django_polyimages.storage.listing import CannotList


class Command(EndingCleanly):
    """Compares the storages with the tables."""

    help = (
        "Compares the files in the storage with the rows, and names what is missing, left over or "
        "outdated. Changes nothing without --fix. The site can stay online, and you can stop the "
        "command at any time and start it again. Exits with 1 if something is left, and with 2 if "
        "a storage cannot list its files."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Delete files without a row and relations to objects that are gone; regenerate "
            "versions; keep one of two covers.",
        )
        add_grace(parser)
        parser.add_argument("--json", action="store_true", help="Print a list of JSON objects.")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Read all originals and compare their SHA-256 with the rows.",
        )
        parser.add_argument(
            "--rate",
            type=number(at_least=0.001),
            default=RATE,
            metavar="MB",
            help="How many megabytes per second --verify reads at most (%(default)g by default).",
        )
        parser.add_argument(
            "--privacy",
            action="store_true",
            help="Count the originals whose EXIF data contain a position.",
        )
        add_jobs(parser, 1)

    def handle(self, *args: Any, **options: Any) -> None:
        plan = AuditPlan(
            fix=options["fix"],
            grace=timedelta(seconds=options["grace"]),
            verify=options["verify"],
            rate=options["rate"],
            privacy=options["privacy"],
            jobs=options["jobs"],
        )
        report = AuditReport()
        with stopped_by_signals() as stop, progress_of(self, options) as progress:
            try:
                for finding in self._print(audit(plan, progress, stop), progress, options):
                    report.add(finding)
            except CannotList as error:
                raise CommandError(f"The audit has stopped. {error}", returncode=2) from error
            if not options["json"]:
                progress.write_all(report.lines())
        if stop.is_due:
            raise CommandError("It was stopped; start it again.")
        if left := report.left.total():
            raise CommandError(f"{left} findings are left.", returncode=1)

    def _print(
        self, findings: Iterator[Finding], progress: Progress, options: dict[str, Any]
    ) -> Iterator[Finding]:
        """Print each finding at once: a list of all of them may be long."""
        separator = "["
        try:
            for finding in findings:
                if options["json"]:
                    self.stdout.write(f"{separator}\n{json.dumps(asdict(finding))}", ending="")
                    separator = ","
                else:
                    progress.write(finding_line(finding))
                yield finding
        finally:  # also after an error, what is printed can be parsed
            if options["json"]:
                self.stdout.write("[]" if separator == "[" else "\n]")
