"""Actions on images while the storage fails, each followed by the auditor."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from contacts.models import Contact
from django_polyimages import StorageUnavailable
from django_polyimages.models import Image
from django_polyimages.pipeline import puts
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.api.calls import bulk_upload, four, post, send, upload
from tests.drawing import photo, upload_of
from tests.faults.auditor import Auditor, State
from tests.faults.storage_proxy import Proxy


@dataclass(slots=True)
class Figures:
    """What a series of trials has seen."""

    name: str
    trials: int = 0
    writes: int = 0
    faults: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """The seconds of the slowest action."""
    noted: int = 0
    """The keys that were left to ``polyimages_deletions`` before the repair."""
    failed: int = 0
    """The images that lacked a version before the repair."""
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Trials:
    client: Client
    contact: Contact
    auditor: Auditor
    proxy: Proxy
    random: random.Random
    answered: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of what was sent, by the id in an answer of 2xx."""
    deleted: set[str] = field(default_factory=set)

    @property
    def actions(self) -> list[Callable[[], str]]:
        return [
            self.upload,
            self.bulk_upload,
            self.upload_in_python,
            self.delete,
            self.bulk_delete,
            self.delete_in_python,
            self.regenerate,
            self.set_focal_point,
            self.attach,
        ]

    def run(self, figures: Figures, count: int) -> None:
        """Do each action in turn, in a new order each time, until ``count`` are done."""
        todo: list[Callable[[], str]] = []
        for _trial in range(count):
            if not todo:
                todo = self.random.sample(self.actions, len(self.actions))
            self.do(figures, todo.pop())

    def repair(self, figures: Figures) -> None:
        """With a storage that works again; what an operator would do, and once more."""
        figures.writes, figures.faults = self.proxy.writes, self.proxy.met.total()
        state = self.auditor.look()
        figures.noted += len(state.noted)
        figures.failed += sum(row.status == "failed" for row in state.rows.values())
        self.proxy.calm()
        mend()
        mended = self.auditor.look()
        figures.broken += self._broken(mended, repaired=True)
        mend()
        if self.auditor.look() != mended:
            figures.broken.append("I8: a second repair has changed something")

    def do(self, figures: Figures, action: Callable[[], str]) -> None:
        before = self.auditor.look()
        begun = time.monotonic()
        answer = action()
        figures.slowest = max(figures.slowest, time.monotonic() - begun)
        figures.trials += 1
        figures.answers[answer] += 1
        self.settle()
        after = self.auditor.look()
        name = f"{figures.name}: {action.__name__} ({answer})"
        broken = [*self._broken(after, before=before), *_without_a_reason()]
        if answer == "503" and after.rows.keys() != before.rows.keys():
            broken.append("I2: a 503 has changed rows")
        figures.broken += [f"{name}: {one}" for one in broken]

    def _broken(self, state: State, **options: Any) -> list[str]:
        broken = self.auditor.broken(state, answered=self._kept(), deleted=self.deleted, **options)
        # No process was killed, so nothing may be left to the audit.
        return broken + [f"I3 {key}: unknown to all rows" for key in sorted(state.unnoted)]

    def _kept(self) -> dict[str, str]:
        return {pk: sha for pk, sha in self.answered.items() if pk not in self.deleted}

    def settle(self) -> None:
        """Wait until nothing goes on in the background."""
        deadline = time.monotonic() + 60
        while True:
            self.proxy.give_up_silence()
            if wait_for_removals(1) and not puts._late and wait_for_removals(1):
                return
            assert time.monotonic() < deadline, "the background does not come to rest"

    # Actions. Each returns how it was answered.

    def upload(self) -> str:
        content = self._new()
        answer = upload(self.client, upload_of(content))
        if (status := _status(answer, 200, 503)) == "200":
            self._was_answered(answer.json()["id"], content)
        return status

    def bulk_upload(self) -> str:
        contents = [self._new() for _ in range(3)]
        answer = bulk_upload(self.client, *map(upload_of, contents))
        status = _status(answer, 200)
        for result, content in zip(answer.json(), contents, strict=True):
            if result["status"] == "success":
                self._was_answered(result["id"], content)
            else:
                assert result["code"] == "storage_unavailable", result
                status = "200 in part"
        return status

    def upload_in_python(self) -> str:
        content = self._new()
        try:
            image = Image.objects.upload(content, organization=self.contact.organization)
        except StorageUnavailable:
            return "503"
        self._was_answered(image.pk, content)
        return "200"

    def delete(self) -> str:
        [pk] = self._some(1)
        status = _status(send(self.client, "delete", f"images/{pk}/", None), 204)
        self.deleted.add(pk)
        return status

    def bulk_delete(self) -> str:
        some = self._some(2)
        status = _status(post(self.client, "bulk-delete/", {"ids": [int(pk) for pk in some]}), 204)
        self.deleted.update(some)
        return status

    def delete_in_python(self) -> str:
        some = self._some(2)
        Image.objects.filter(pk__in=some).delete()
        self.deleted.update(some)
        return "204"

    def regenerate(self) -> str:
        [pk] = self._some(1)
        result = Image.objects.regenerate(Image.objects.get(pk=pk), everything=True)
        return "failed" if result.failure else "200"

    def set_focal_point(self) -> str:
        [pk] = self._some(1)
        x, y = self.random.random(), self.random.random()
        Image.objects.set_focal_point(Image.objects.get(pk=pk), x, y)
        return "200"

    def attach(self) -> str:
        image = Image.objects.get(pk=self._some(1)[0])
        self.contact.images.attach(image, is_cover=True)
        return _status(post(self.client, "attach/", four(image, self.contact)), 200)

    def _new(self) -> bytes:
        """A picture that differs from all others."""
        return photo(700, 500) + self.random.randbytes(8)

    def _was_answered(self, pk: object, content: bytes) -> None:
        self.answered[str(pk)] = hashlib.sha256(content).hexdigest()

    def _some(self, count: int) -> list[str]:
        """Images that are there; some are uploaded first, without faults, if there are none."""
        while Image.objects.count() < count:
            with self.proxy.calmed():
                self.upload()
        there = sorted(str(pk) for pk in Image.objects.values_list("pk", flat=True))
        return self.random.sample(there, count)


def mend() -> None:
    """What a cron job does, without a grace time."""
    call_command("polyimages_deletions", "--all", "--json")
    with suppress(CommandError):  # what is left is the auditor's to say
        call_command("polyimages_audit", "--fix", "--grace", "0", "--json")
    for image in Image.objects.filter(status="failed"):  # the audit only names these
        Image.objects.regenerate(image)


def _status(answer: HttpResponse, *allowed: int) -> str:
    assert answer.status_code in allowed, (answer.status_code, answer.content)
    if answer.content:
        assert answer.headers["Content-Type"].startswith("application/json")
        body = answer.json()
        assert answer.status_code < 400 or {"detail", "code"} <= body.keys(), body
    return str(answer.status_code)


def _without_a_reason() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM polyimages_image WHERE (status = 'failed') <> (failure_reason <> '')"
        )
        return [f"{pk}: failed without a reason, or with one and not failed" for [pk] in cursor]
