from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile

from django_polyimages.models import FileDeletion, Image
from django_polyimages.operations import maintenance
from django_polyimages.operations.maintenance import Step, maintain, plan_maintenance
from django_polyimages.operations.timing import Stop
from tests.builders import without_versions
from tests.helpers import store_one, stored_keys

pytestmark = pytest.mark.django_db(databases=["default", "other"])
OLD = datetime(2026, 3, 1, tzinfo=UTC)
GRACE = timedelta(seconds=-60)
"""Everything is old enough."""


@pytest.fixture
def work(acme, files) -> Image:
    """A deletion in each database, an image without versions, and five files without a row."""
    for using in ("default", "other"):
        key = f"images/{using}.jpg"
        files.save(key, ContentFile(b"x"))
        FileDeletion.objects.using(using).create(keys=[key], next_attempt_at=OLD)
    store_one()
    return without_versions(acme)


@pytest.fixture
def run(django_capture_on_commit_callbacks) -> Callable[..., list[Step]]:
    def run(**options) -> list[Step]:
        with django_capture_on_commit_callbacks(execute=True):
            return list(maintain(plan_maintenance(grace=GRACE), **options))

    return run


def kinds(steps: list[Step]) -> list[str]:
    return [type(step).__name__ for step in steps]


def test_a_plan_changes_nothing(work):
    before = stored_keys()
    plan = plan_maintenance(grace=GRACE)
    assert [one.rows for one in plan.deletions] == [1, 1]
    assert (plan.generation.images, plan.generation.selection.grace) == (1, GRACE)
    assert (plan.audit.fix, plan.audit.grace) == (True, GRACE)
    assert stored_keys() == before


def test_everything_is_done_in_order_and_nothing_is_left(work, run):
    steps = run()
    assert kinds(steps) == ["CarriedOut"] * 2 + ["GeneratedImage"] + ["Finding"] * 5
    assert all(step.fixed for step in steps[3:])
    work.refresh_from_db()
    assert stored_keys() == sorted(work.keys)
    assert work.status == "ready"
    assert run() == []


def test_what_is_young_is_left_alone(work):
    without = plan_maintenance()
    assert without.audit.grace == timedelta(days=1)
    Image.objects.update(updated_at=datetime.now(UTC) - timedelta(minutes=9))
    assert plan_maintenance().generation.images == 0


def test_it_tells_who_watches(work, run):
    told: set[str] = set()
    run(watch=lambda what, _number: told.add(what))
    assert told == {"files", "images", "files listed", "rows read"}


@pytest.mark.parametrize("number", [1, 3, 4])
def test_it_ends_after_any_step_and_the_next_run_does_the_rest(work, run, number):
    stop = Stop()
    steps = maintain(plan_maintenance(grace=GRACE), stop=stop)
    done = [next(steps) for _ in range(number)]
    stop.ask()
    done += list(steps)
    assert len(done) < 8
    run()
    work.refresh_from_db()
    assert stored_keys() == sorted(work.keys)
    assert run() == []


def test_without_time_the_audit_does_not_begin(work, run, monkeypatch):
    begun: list[object] = []
    monkeypatch.setattr(maintenance, "audit", lambda *args: begun.append(args) or [])
    assert run(stop=Stop(0)) == []
    assert begun == []
