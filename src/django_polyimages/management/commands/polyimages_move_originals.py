"""``manage.py polyimages_move_originals``."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from django_polyimages.management.progress import progress_of
from django_polyimages.management.signals import EndingCleanly
from django_polyimages.operations.original_storage import MovePlan, move, plan_move, waiting


class Command(EndingCleanly):
    """Moves all originals to ``ORIGINAL_STORAGE``."""

    help = (
        "Moves all originals from the storage of the versions to ORIGINAL_STORAGE. Each one is "
        "copied, compared with its row (size and SHA-256) and only then deleted. You can stop the "
        "command at any time and start it again, and the site can stay online."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Only show how many originals would be moved; change nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = plan_move()
            if options["dry_run"]:
                self._list(plan)
            else:
                self._move(plan, options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def _list(self, plan: MovePlan) -> None:
        number = size = 0
        for image in waiting(plan):
            number, size = number + 1, size + image.byte_size
        self.stdout.write(f"To move: {number} of {len(plan.keys)} originals, {size} bytes.")

    def _move(self, plan: MovePlan, options: dict[str, Any]) -> None:
        outcomes: Counter[str] = Counter()
        with progress_of(self, options) as progress:
            progress.expect("originals", len(plan.keys))
            for done in move(plan):
                outcomes[done.result.outcome] += 1
                progress("originals")
                if done.result.reason:
                    text = f"{done.image.pk}: {done.image.key}: {done.result.reason}"
                    progress.write_error(text)
        words = [f"{outcomes[name]} {name}" for name in ("moved", "already there", "failed")]
        self.stdout.write(f"Originals: {', '.join(words)}.")
        if outcomes["failed"]:
            raise CommandError("Some originals were not moved; see above. Run the command again.")
