from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from django_polyimages.models import FileDeletion
from tests.helpers import stored_keys
from tests.management.commands.printed import printed

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2026, 3, 1, 4, 10, 30, tzinfo=UTC)
PLANNED = "To carry out: 2 deletions, 3 files, the oldest of 2026-03-01 04:10+00:00.\n"
run = partial(printed, "polyimages_deletions")


@pytest.fixture(autouse=True)
def deletions(files) -> list[FileDeletion]:
    """Two that are due and one that is not, with their files."""
    made = [
        FileDeletion.objects.create(keys=keys, last_error=reason, next_attempt_at=LONG_AGO)
        for keys, reason in (
            (["images/a.jpg", "images/a_lg.webp"], "AccessDenied"),
            (["images/b.jpg"], ""),
        )
    ]
    made.append(FileDeletion.objects.create(keys=["images/new.jpg"]))
    FileDeletion.objects.filter(pk=made[0].pk).update(created_at=LONG_AGO)
    for key in (key for one in made for key in one.keys):
        files.save(key, ContentFile(b"x"))
    return made


def refuse_b(storage: InMemoryStorage, key: str) -> None:
    if key == "images/b.jpg":
        raise PermissionError


def test_it_says_what_it_would_do_and_does_it():
    assert run() == PLANNED + (
        "  AccessDenied: 1\n"
        "  not tried yet: 1\n"
        "Not due yet: 1 deletion; --all tries them too.\n"
        "Carried out: 2 deletions, 3 files.\n"
    )
    assert stored_keys() == ["images/new.jpg"]


def test_a_dry_run_changes_nothing():
    assert run("--dry-run").splitlines()[0] == PLANNED.strip()
    assert "Carried out" not in run("--dry-run")
    assert len(stored_keys()) == 4
    assert FileDeletion.objects.count() == 3


def test_all_includes_what_is_not_due():
    assert "Carried out: 3 deletions, 4 files.\n" in run("--all")
    assert stored_keys() == []


def test_a_refusal_is_named_and_is_exit_code_1(monkeypatch):
    monkeypatch.setattr(InMemoryStorage, "delete", refuse_b)
    text = run(error="^The storage refused 1 deletion; try again later.$")
    assert text.endswith(
        "Carried out: 1 deletion, 2 files.\nRefused: 1 deletion, 1 file.\n  PermissionError: 1\n"
    )


def test_what_is_not_due_is_no_failure():
    FileDeletion.objects.filter(next_attempt_at=LONG_AGO).delete()
    assert run() == (
        "To carry out: 0 deletions, 0 files.\n"
        "Not due yet: 1 deletion; --all tries them too.\n"
        "Carried out: 0 deletions, 0 files.\n"
    )


class TestJson:
    PLANNED = {
        "deletions": 2,
        "files": 3,
        "oldest": "2026-03-01T04:10:30+00:00",
        "reasons": {"AccessDenied": 1, "not tried yet": 1},
        "not_due": 1,
    }

    def test_is_one_object(self):
        assert json.loads(run("--json")) == {
            "planned": self.PLANNED,
            "carried_out": {"deletions": 2, "files": 3},
            "refused": {"deletions": 0, "files": 0, "reasons": {}},
        }

    def test_is_one_object_after_a_refusal(self, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "delete", refuse_b)
        refused = {"deletions": 1, "files": 1, "reasons": {"PermissionError": 1}}
        assert json.loads(run("--json", error="refused 1 deletion"))["refused"] == refused

    def test_of_a_dry_run_has_no_outcome(self):
        found = json.loads(run("--json", "--dry-run"))
        assert found == {"planned": self.PLANNED, "carried_out": None, "refused": None}


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_another_database_has_deletions_of_its_own():
    FileDeletion.objects.using("other").create(keys=["images/new.jpg"], next_attempt_at=LONG_AGO)
    assert "Carried out: 1 deletion, 1 file.\n" in run("--database", "other")
    assert FileDeletion.objects.count() == 3
