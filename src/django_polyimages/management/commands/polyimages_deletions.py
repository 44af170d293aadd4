"""``manage.py polyimages_deletions``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from django_polyimages.operations.deletions import DeletionPlan, carry_out, plan_deletions


@dataclass(slots=True)
class _Outcome:
    """What became of the deletions so far."""

    done: int = 0
    files: int = 0
    left: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Command(BaseCommand):
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

    def handle(self, *args: Any, **options: Any) -> None:
        plan = plan_deletions(everything=options["all"], using=options["database"])
        if not options["json"]:
            self._tell_plan(plan)
        outcome = None if options["dry_run"] else _carry_out(plan)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(plan, outcome)))
        elif outcome:
            self._tell_outcome(outcome)
        if outcome and outcome.reasons:
            refused = outcome.reasons.total()
            raise CommandError(
                f"The storage refused {_count(refused, 'deletion')}; try again later."
            )

    def _tell_plan(self, plan: DeletionPlan) -> None:
        since = f", the oldest of {plan.oldest.isoformat(' ', 'minutes')}" if plan.oldest else ""
        counts = f"{_count(plan.rows, 'deletion')}, {_count(plan.files, 'file')}"
        self.stdout.write(f"To carry out: {counts}{since}.")
        self._tell_reasons(plan.reasons)
        if plan.not_due:
            text = f"Not due yet: {_count(plan.not_due, 'deletion')}; --all tries them too."
            self.stdout.write(text)

    def _tell_outcome(self, outcome: _Outcome) -> None:
        counts = f"{_count(outcome.done, 'deletion')}, {_count(outcome.files, 'file')}"
        self.stdout.write(f"Carried out: {counts}.")
        if outcome.reasons:
            refused = outcome.reasons.total()
            counts = f"{_count(refused, 'deletion')}, {_count(outcome.left, 'file')}"
            self.stdout.write(f"Refused: {counts}.")
            self._tell_reasons(outcome.reasons)

    def _tell_reasons(self, reasons: Mapping[str, int]) -> None:
        for reason, count in sorted(reasons.items()):
            self.stdout.write(f"  {reason}: {count}")


def _carry_out(plan: DeletionPlan) -> _Outcome:
    outcome = _Outcome()
    for result in carry_out(plan):
        outcome.files += result.files
        outcome.left += result.left
        if result.reason:
            outcome.reasons[result.reason] += 1
        else:
            outcome.done += 1
    return outcome


def _as_json(plan: DeletionPlan, outcome: _Outcome | None) -> dict[str, Any]:
    """What ``--json`` prints; a dry run has no outcome."""
    planned = {
        "deletions": plan.rows,
        "files": plan.files,
        "oldest": plan.oldest and plan.oldest.isoformat(),
        "reasons": plan.reasons,
        "not_due": plan.not_due,
    }
    if outcome is None:
        return {"planned": planned, "carried_out": None, "refused": None}
    return {
        "planned": planned,
        "carried_out": {"deletions": outcome.done, "files": outcome.files},
        "refused": {
            "deletions": outcome.reasons.total(),
            "files": outcome.left,
            "reasons": outcome.reasons,
        },
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
