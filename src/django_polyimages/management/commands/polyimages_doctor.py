"""``manage.py polyimages_doctor``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_polyimages.management.arguments import seconds_ago
from django_polyimages.management.signals import EndingCleanly
from django_polyimages.operations.diagnosis import THRESHOLD, Diagnosis, diagnose


class Command(EndingCleanly):
    """Tells what is set for the generation of versions, and what is wrong."""

    requires_system_checks = ()  # an error of the engine is one of its findings, with the others
    help = (
        "Tells how versions are generated, which limits are set, how many images and deletions "
        "wait for a worker, and what is wrong: a task engine that cannot be used, a queue that is "
        "not there, work that nobody takes. Changes nothing. Exits with 1 if something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--threshold",
            type=seconds_ago,
            default=THRESHOLD.total_seconds(),
            metavar="SECONDS",
            help="How long work may wait for a worker (%(default)g by default).",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(diagnose(timedelta(seconds=options["threshold"])))
        problems = sum(bool(one.problem) for one in found)
        if options["json"]:
            report = {"problems": problems, "findings": [asdict(one) for one in found]}
            self.stdout.write(json.dumps(report))
        else:
            for one in found:
                self._show(one)
        if problems:
            raise CommandError(f"Problems: {problems}.")

    def _show(self, one: Diagnosis) -> None:
        self.stdout.write(f"{one.what}: {one.value}" if one.value else one.what)
        if one.problem:
            self.stdout.write(self.style.ERROR(f"    {one.problem}"))
            self.stdout.write(f"    {one.hint}")
