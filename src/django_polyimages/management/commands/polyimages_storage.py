"""``manage.py polyimages_storage``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.files.storage import Storage, storages
from django.core.management.base import CommandError, CommandParser

from django_polyimages.conf import get_settings
from django_polyimages.management.arguments import origin
from django_polyimages.management.signals import EndingCleanly, stopped_by_signals
from django_polyimages.operations.storage_trial import Step, Trial, cors_rule, try_storage
from django_polyimages.storage.s3 import is_s3, provider_of

_EXAMPLE = "https://example.com"


class Command(EndingCleanly):
    """Tries a storage and tells what works, what does not and what to do."""

    help = (
        "Writes, reads, lists and deletes files of its own in a storage, and on S3 also tries "
        "conditions, signed URLs and CORS, as browsers use them. Prints what works, what does not, "
        "what to do, and the CORS rule for uploads to the bucket. Removes all of its files. Exits "
        "with 1 if something that is needed does not work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--alias",
            choices=tuple(storages.backends),
            help="The storage in STORAGES; that of the versions by default.",
        )
        parser.add_argument(
            "--origin",
            type=origin,
            metavar="URL",
            help=f"The site whose pages upload to the bucket, such as {_EXAMPLE}.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["alias"] or _alias_of_versions()
        backend, site = storages[alias], options["origin"]
        rule = cors_rule(provider_of(backend), site or _EXAMPLE) if is_s3(backend) else None
        steps: list[Step] = []
        is_text = not options["json"]
        if is_text:
            self.stdout.write(f"{alias}: {_title(backend)}")
        with stopped_by_signals() as stop, Trial(backend) as trial:
            for step in try_storage(trial, origin=site or ""):
                steps.append(step)
                if is_text:
                    self._show(step)
                if stop.is_due:
                    break
        problems = sum(step.is_problem for step in steps)
        if is_text:
            self._show_rule(rule)
        else:
            report = {"alias": alias, "storage": _title(backend), "problems": problems}
            report |= {"steps": [asdict(step) for step in steps], "cors": rule}
            self.stdout.write(json.dumps(report | {"left": list(trial.left)}))
        if trial.left:
            raise CommandError(f"The storage did not delete: {', '.join(trial.left)}.")
        if stop.is_due:
            raise CommandError("It was stopped; start it again.")
        if problems:
            raise CommandError(f"Not working, but needed: {problems}.")

    def _show(self, step: Step) -> None:
        line = f"{step.name}: {step.detail}" if step.detail else step.name
        if step.works:
            self.stdout.write(f"  {self.style.SUCCESS('works')}  {line}")
            return
        style = self.style.ERROR if step.is_needed else self.style.WARNING
        self.stdout.write(f"  {style('fails')}  {line}{'' if step.is_needed else ' (not needed)'}")
        if step.hint:
            self.stdout.write(f"         {step.hint}")

    def _show_rule(self, rule: list[dict[str, Any]] | None) -> None:
        if rule is None:
            self.stdout.write("Uploads go through the application, so there is no CORS rule.")
        else:
            self.stdout.write(f"CORS rule of the bucket:\n{json.dumps(rule, indent=2)}")


def _alias_of_versions() -> str:
    alias = get_settings().storage
    return alias if alias in storages.backends else "default"


def _title(backend: Storage) -> str:
    if is_s3(backend):
        s3: Any = backend
        return f"bucket {s3.bucket_name} of {provider_of(backend).title}"
    kind = type(backend)
    return f"{kind.__module__}.{kind.__qualname__}"
