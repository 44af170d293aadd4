from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from django_polyimages.models import FileDeletion, Image
from django_polyimages.operations import generation
from django_polyimages.operations.audit import run as audit_steps
from django_polyimages.storage.keys import is_original
from tests.builders import without_versions
from tests.drawing import photo
from tests.helpers import keys_of, store_one, stored_keys
from tests.management.commands.printed import printed
from tests.management.commands.site import finish

pytestmark = pytest.mark.django_db(databases=["default", "other"], transaction=True)
OLD = datetime(2026, 3, 1, tzinfo=UTC)
run = partial(printed, "polyimages_maintain", "--jobs", "1")


@pytest.fixture
def work(acme, files) -> Image:
    """A deletion, an image without versions, and five files without a row."""
    files.save("images/a.jpg", ContentFile(b"x"))
    FileDeletion.objects.create(keys=["images/a.jpg"], next_attempt_at=OLD)
    FileDeletion.objects.update(created_at=OLD)
    store_one()
    return without_versions(acme)


def test_it_says_what_it_would_do_and_does_it(work):
    out = run("--grace", "0")
    assert out.startswith(
        "To carry out: 1 deletion, 1 file, the oldest of 2026-03-01 00:00+00:00.\n"
        "  not tried yet: 1\n"
        "To end: 0 uploads whose time is over.\n"
        "To generate: versions of 1 image.\n"
        "  missing: 1\n"
        "  pending: 1\n"
    )
    assert ": no row records this file (fixed)\n" in out
    assert out.endswith(
        "Carried out: 1 deletion, 1 file.\n"
        "Ended: 0 uploads.\n"
        "Generated: 4 versions, 1 image in order.\n"
        "Fixed: 5 orphan. Left: nothing.\n"
    )
    work.refresh_from_db()
    assert stored_keys() == sorted(work.keys)


def test_files_of_today_are_left_alone_by_default(work):
    assert run().endswith("Fixed: nothing. Left: nothing.\n")


def test_a_plan_changes_nothing_and_is_a_success(work):
    before = stored_keys()
    out = run("--plan", "--grace", "0")
    assert "Carried out" not in out
    assert "To generate: versions of 1 image.\n" in out
    assert out.endswith("Left: 5 orphan, 1 pending.\n")
    assert stored_keys() == before
    assert FileDeletion.objects.count() == 1


def test_what_is_left_is_exit_code_1(work, files):
    files.delete(work.key)
    out = run(error="Something is left")
    assert f"{work.pk}: {work.key}: FileNotFoundError\n" in out
    assert "missing_original: " in out


def test_a_storage_that_cannot_list_is_named_after_the_rest_is_done(work, monkeypatch):
    def listdir(self, path):
        raise NotImplementedError("no listdir()")

    monkeypatch.setattr(InMemoryStorage, "listdir", listdir)
    run(error="The audit has stopped. .*InMemoryStorage cannot list its files")
    work.refresh_from_db()
    assert work.status == "ready"


class TestJson:
    def test_is_one_object(self, work):
        found = json.loads(run("--json", "--grace", "0"))
        assert found["deletions"].pop("planned")["files"] == 1
        assert found["uploads"].pop("planned") == {"uploads": 0}
        assert found["generation"].pop("planned")["images"] == 1
        assert found == {
            "deletions": {
                "carried_out": {"deletions": 1, "files": 1},
                "refused": {"deletions": 0, "files": 0, "reasons": {}},
            },
            "uploads": {"swept": 0, "refused": {}},
            "generation": {
                "generated": {"images": 1, "versions": 4},
                "failed": {"images": 0, "reasons": {}, "first": []},
                "left": 0,
            },
            "audit": {"fixed": {"orphan": 5}, "left": {}, "problem": ""},
        }

    def test_of_a_plan_has_no_outcome(self, work):
        found = json.loads(run("--json", "--plan"))
        assert found["deletions"]["carried_out"] is found["generation"]["generated"] is None
        assert found["audit"]["left"] == {"pending": 1}


def test_a_signal_ends_it_and_the_next_run_goes_on(work, acme, monkeypatch):
    without_versions(acme)
    real = generation.regenerate

    def interrupted(*args, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(generation, "regenerate", interrupted)
        found = json.loads(run("--json", "--grace", "0", error="It was stopped"))
    assert (found["generation"]["left"], found["audit"]["fixed"]) == (1, {})
    assert run("--grace", "0").endswith("Fixed: 5 orphan. Left: nothing.\n")


def test_it_ends_when_its_time_is_up(work, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("django_polyimages.operations.timing.time.monotonic", lambda: now[0])
    real = generation.regenerate

    def slow(*args, **options):
        now[0] += 100
        return real(*args, **options)

    monkeypatch.setattr(generation, "regenerate", slow)
    found = json.loads(run("--json", "--grace", "0", "--seconds", "60", error="It was stopped"))
    assert (found["generation"]["generated"]["images"], found["audit"]["fixed"]) == (1, {})


def test_two_at_once_do_no_harm(site, acme):
    """All of its parts are safe beside themselves, so it needs no lock."""
    images = [without_versions(acme, photo(1200, 900)) for _ in range(4)]
    orphans = keys_of(store_one())
    for key in orphans:
        place = "originals" if is_original(key) else "media"
        os.utime(site.folder / place / key, (0, 0))
    gone = [f"images/img_{number:032x}_lg.webp" for number in range(20)]
    for key in gone:
        (site.folder / "media" / key).write_bytes(b"x")
        FileDeletion.objects.create(keys=[key], next_attempt_at=OLD)
    site.copy_rows()
    for run in [site.start("polyimages_maintain", "--jobs", "2") for _ in range(2)]:
        finish(run)
    assert site.recorded() == site.files()
    assert site.select("SELECT COUNT(*) FROM polyimages_filedeletion") == [(0,)]
    assert site.ready() == len(images)


def test_a_signal_ends_the_audit_of_a_plan(work, monkeypatch):
    real = audit_steps.list_files

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        yield from real(*arguments)

    monkeypatch.setattr(audit_steps, "list_files", interrupted)
    found = json.loads(run("--json", "--grace", "0", "--plan", error="It was stopped"))
    assert found["audit"] == {"fixed": {}, "left": {}, "problem": ""}
