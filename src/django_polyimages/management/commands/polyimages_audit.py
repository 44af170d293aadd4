"""``manage.py polyimages_audit``."""

from __future__ import annotations

import json
import math
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_polyimages.operations.audit import RATE, AuditPlan, Finding, audit
from django_polyimages.storage.listing import CannotList

_DAY = 24 * 60 * 60


class Command(BaseCommand):
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
        parser.add_argument(
            "--grace",
            type=_seconds,
            default=_DAY,
            metavar="SECONDS",
            help="Leave files without a row and pending images alone that are younger than this; "
            "a day by default. It has to be longer than the longest upload.",
        )
        parser.add_argument("--json", action="store_true", help="Print a list of JSON objects.")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Read all originals and compare their SHA-256 with the rows.",
        )
        parser.add_argument(
            "--rate",
            type=_rate,
            default=RATE,
            metavar="MB",
            help="How many megabytes per second --verify reads at most (%(default)g by default).",
        )
        parser.add_argument(
            "--privacy",
            action="store_true",
            help="Count the originals whose EXIF data contain a position.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        plan = AuditPlan(
            fix=options["fix"],
            grace=timedelta(seconds=options["grace"]),
            verify=options["verify"],
            rate=options["rate"],
            privacy=options["privacy"],
        )
        left: Counter[str] = Counter()
        fixed: Counter[str] = Counter()
        try:
            for finding in self._print(audit(plan), as_json=options["json"]):
                fixed[finding.kind] += finding.fixed
                left[finding.kind] += finding.is_left
        except CannotList as error:
            raise CommandError(f"The audit has stopped. {error}", returncode=2) from error
        if not options["json"]:
            self.stdout.write(f"Fixed: {_words(fixed)}. Left: {_words(left)}.")
        if left.total():
            raise CommandError(f"{left.total()} findings are left.", returncode=1)

    def _print(self, findings: Iterator[Finding], *, as_json: bool) -> Iterator[Finding]:
        """Print each finding at once: a list of all of them may be long."""
        separator = "["
        for finding in findings:
            if as_json:
                self.stdout.write(f"{separator}\n{json.dumps(asdict(finding))}", ending="")
                separator = ","
            else:
                self.stdout.write(_line(finding))
            yield finding
        if as_json:
            self.stdout.write("[]" if separator == "[" else "\n]")


def _line(finding: Finding) -> str:
    what = " ".join(filter(None, [finding.model, finding.id, finding.key]))
    line = ": ".join(filter(None, [finding.kind, what, finding.detail]))
    return line + (" (fixed)" if finding.fixed else "")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in counts.items() if number) or "nothing"


def _seconds(text: str) -> float:
    return _number(text, at_least=0)


def _rate(text: str) -> float:
    return _number(text, at_least=0.001)


def _number(text: str, *, at_least: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not at_least <= number < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number of at least {at_least:g}.")
    return number
