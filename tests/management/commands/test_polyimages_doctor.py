from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_polyimages.management.commands.polyimages_doctor import Command
from django_polyimages.models import FileDeletion

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def doctor(*arguments: str) -> str:
    out = StringIO()
    call_command("polyimages_doctor", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def late() -> None:
    before = timezone.now() - timedelta(minutes=10)
    FileDeletion.objects.create(keys=["images/a.jpg"], next_attempt_at=before)


def test_it_tells_what_is_set():
    assert "GENERATE: inline\n" in doctor()
    assert "STORAGE_TIMEOUT: 20\n" in doctor()


def test_it_fails_with_what_is_wrong_and_what_helps(late):
    out = StringIO()
    with pytest.raises(CommandError, match="Problems: 1"):
        call_command("polyimages_doctor", stdout=out)
    assert "no worker takes them" in out.getvalue()
    assert "Run manage.py polyimages_deletions regularly." in out.getvalue()


def test_an_engine_that_cannot_be_used_is_a_finding_among_others(settings, late):
    settings.TASKS = {"default": {"BACKEND": "no.such.Backend"}}
    settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "task"}
    out = StringIO()
    options = {"force_color": False, "no_color": True, "skip_checks": False}  # of manage.py
    with pytest.raises(CommandError, match=r"^Problems: 2"):
        Command(stdout=out).execute(threshold=300, json=False, **options)
    assert "The task backend 'default' cannot be used" in out.getvalue()
    assert "no worker takes them" in out.getvalue()


def test_the_threshold_may_be_longer(late):
    assert "1 of 1" in doctor("--threshold", "3600")


def test_programs_get_json(late):
    report = json.loads(doctor("--json", "--threshold", "3600"))
    assert report["problems"] == 0
    first = {"what": "GENERATE", "value": "inline", "problem": "", "hint": ""}
    assert report["findings"][0] == first


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon"])
def test_a_threshold_that_is_no_time_is_refused(seconds):
    with pytest.raises(CommandError, match="is not a number of at least 0"):
        doctor("--threshold", seconds)
