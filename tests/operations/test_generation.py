from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_polyimages import VersionSpec
from django_polyimages.models import Image, Regeneration
from django_polyimages.models.pending import LOST
from django_polyimages.operations import generation
from django_polyimages.operations.generation import (
    GeneratedImage,
    default_jobs,
    generate,
    plan_generation,
    seconds_of,
)
from django_polyimages.operations.selection import Selection
from django_polyimages.operations.timing import Stop
from tests.builders import fake_images, uploaded, without_versions
from tests.helpers import decodes, statements, storage_calls, stored_keys

pytestmark = pytest.mark.django_db
THUMB = VersionSpec("thumb", 160, 160, quality=65)
SM = VersionSpec("sm", 640, 640, quality=80)


@pytest.fixture
def run(django_capture_on_commit_callbacks) -> Callable[..., list[GeneratedImage]]:
    """Plans and applies; the files of old versions are deleted after it."""

    def run(**options) -> list[GeneratedImage]:
        with django_capture_on_commit_callbacks(execute=True):
            return list(generate(plan_generation(Selection(**options))))

    return run


class TestAPlan:
    def test_counts_and_changes_nothing(self, acme, versions):
        versions(THUMB, SM)
        uploaded(acme)
        versions(THUMB, VersionSpec("sm", 640, 640, quality=1))
        missing = without_versions(acme)
        before = (stored_keys(), list(Image.objects.values()))
        plan = plan_generation(Selection())
        assert (plan.images, plan.reasons) == (2, {"stale": 1, "missing": 1, "pending": 1})
        assert plan.bytes_to_read == 2 * missing.byte_size
        assert plan.bytes_to_write > 0
        assert plan.cpu_seconds > 0
        assert (stored_keys(), list(Image.objects.values())) == before

    def test_tells_what_it_reads(self, acme):
        fake_images(acme, 3)
        told = []
        plan_generation(Selection(), watch=lambda *one: told.append(one))
        assert told == [("rows read", 1)] * 3

    def test_takes_as_long_as_the_cores_or_the_rate_need(self, acme):
        without_versions(acme)
        plan = plan_generation(Selection())
        assert seconds_of(plan, jobs=1) == plan.cpu_seconds
        assert seconds_of(plan, jobs=100) >= plan.cpu_seconds / default_jobs()
        assert seconds_of(plan, jobs=1, rate=0.001) == 1000


def test_what_is_missing_is_generated_and_the_next_run_has_nothing_to_do(acme, run):
    images = [without_versions(acme) for _ in range(3)]
    names = ["thumb", "sm", "md", "lg"]
    assert [(one.id, one.generated, one.failure) for one in run()] == [
        (str(image.pk), names, "") for image in images
    ]
    assert {one.status for one in Image.objects.all()} == {"ready"}
    assert run() == []


def test_an_image_that_is_up_to_date_costs_a_part_of_a_query(image, monkeypatch):
    with (
        storage_calls(monkeypatch) as calls,
        CaptureQueriesContext(connection) as queries,
    ):
        assert list(generate(plan_generation(Selection()))) == []
    assert statements(queries) == ["SELECT"] * 4  # a page and the end, for plan and generation
    assert calls == []


def test_files_of_a_removed_spec_go_without_a_look_at_the_original(
    acme, versions, run, monkeypatch
):
    versions(THUMB, SM)
    image = uploaded(acme)
    gone = image.versions["sm"].key
    versions(THUMB)
    opened = []
    real = InMemoryStorage.open
    monkeypatch.setattr(InMemoryStorage, "open", lambda *args: opened.append(args) or real(*args))
    with decodes(monkeypatch) as decoded:
        [done] = run()
    assert (done.generated, done.failure) == ([], "")
    assert (decoded, opened) == ([], [])
    assert gone not in stored_keys()
    image.refresh_from_db()
    assert (image.status, list(image.versions)) == ("ready", ["thumb"])
    assert stored_keys() == sorted(image.keys)


def test_only_some_versions_are_generated_and_the_others_stay(acme, versions, run):
    versions(THUMB, SM)
    image = uploaded(acme)
    versions(*(VersionSpec(spec.name, 100, 100, quality=1) for spec in (THUMB, SM)))
    [done] = run(only={"sm"})
    assert done.generated == ["sm"]
    before = image.versions
    image.refresh_from_db()
    assert image.versions["thumb"] == before["thumb"]
    assert image.versions["sm"] != before["sm"]
    assert image.status == "ready"
    assert [one.generated for one in run()] == [["thumb"]]


def test_a_failed_image_of_which_a_part_is_generated_is_still_failed(acme, run):
    image = without_versions(acme)
    Image.objects.update(status="failed", failure_reason="Damaged")
    assert [one.generated for one in run(only={"sm"})] == [["sm"]]
    image.refresh_from_db()
    assert (image.status, image.failure_reason) == ("failed", "Damaged")
    run()
    image.refresh_from_db()
    assert (image.status, image.failure_reason) == ("ready", "")


def test_everything_gets_new_files(image, run):
    [done] = run(everything=True, only={"thumb", "lg"})
    assert done.generated == ["thumb", "lg"]
    before = image.versions
    image.refresh_from_db()
    changed = {name for name in before if before[name].key != image.versions[name].key}
    assert changed == {"thumb", "lg"}
    assert stored_keys() == sorted(image.keys)


def test_an_original_that_cannot_be_read_is_named_and_the_others_are_generated(acme, files, run):
    lost, good = without_versions(acme), without_versions(acme)
    files.delete(lost.key)
    assert [(one.id, one.key, one.failure) for one in run()] == [
        (str(lost.pk), lost.key, "FileNotFoundError"),
        (str(good.pk), good.key, ""),
    ]
    lost.refresh_from_db()
    assert lost.status == "failed"


def test_many_lost_originals_are_no_reason_to_stop(acme, files, run):
    for _ in range(generation.MOST_IN_A_ROW + 1):
        files.delete(without_versions(acme).key)
    good = without_versions(acme)
    assert [one.failure for one in run()][-1] == ""
    good.refresh_from_db()
    assert good.status == "ready"


def test_a_storage_that_answers_nothing_ends_it(acme, monkeypatch):
    for _ in range(generation.MOST_IN_A_ROW + 2):
        without_versions(acme)

    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(InMemoryStorage, "open", refuse)
    monkeypatch.setattr(InMemoryStorage, "size", refuse)
    stop = Stop()
    results = list(generate(plan_generation(Selection()), stop=stop))
    assert [one.failure for one in results] == ["ConnectionRefusedError"] * generation.MOST_IN_A_ROW
    assert stop.is_asked


@pytest.mark.django_db(transaction=True)
def test_a_database_that_answers_nothing_ends_it(acme, monkeypatch):
    for _ in range(generation.MOST_IN_A_ROW + 2):
        without_versions(acme)

    def fail(*args: object, **options: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(generation, "finish", fail)
    results = list(generate(plan_generation(Selection())))
    assert [one.failure for one in results] == ["OperationalError"] * generation.MOST_IN_A_ROW


def test_an_image_that_is_deleted_meanwhile_is_no_failure(acme, monkeypatch):
    for _ in range(2):
        without_versions(acme)
    plan = plan_generation(Selection())
    real = generation.look_at

    def deleting(*args: object) -> Iterator[object]:
        for found in real(*args):
            Image.objects.all().delete()
            yield found

    monkeypatch.setattr(generation, "look_at", deleting)
    assert [(one.key, one.failure) for one in generate(plan)] == [("", ""), ("", "")]


def test_what_another_run_has_done_is_not_done_again(acme, run, monkeypatch):
    for _ in range(2):
        without_versions(acme)
    plan = plan_generation(Selection())
    list(generate(plan))
    with decodes(monkeypatch) as decoded:
        assert list(generate(plan)) == []
    assert decoded == []


def test_it_begins_nothing_more_when_it_is_stopped(acme):
    for _ in range(3):
        without_versions(acme)
    stop = Stop()
    running = generate(plan_generation(Selection()), stop=stop)
    next(running)
    stop.ask()
    assert list(running) == []
    assert Image.objects.filter(status="ready").count() == 1


def test_an_image_that_has_to_wait_too_long_waits_again(acme, monkeypatch):
    without_versions(acme)
    answers = [Regeneration([], "Too many", is_busy=True)] * 2 + [Regeneration(["sm"])]
    monkeypatch.setattr(generation, "finish", lambda *args, **options: answers.pop(0))
    [done] = generate(plan_generation(Selection()))
    assert (done.generated, done.failure) == (["sm"], "")


def test_an_image_that_waits_is_given_up_when_it_is_stopped(acme, monkeypatch):
    without_versions(acme)
    stop = Stop()

    def busy(*args: object, **options: object) -> Regeneration:
        stop.ask()
        return Regeneration([], "Too many", is_busy=True)

    monkeypatch.setattr(generation, "finish", busy)
    assert [one.failure for one in generate(plan_generation(Selection()), stop=stop)] == [
        "Too many"
    ]


def test_the_rate_is_kept(acme, monkeypatch):
    for _ in range(3):
        without_versions(acme)
    slept: list[float] = []
    monkeypatch.setattr(Stop, "sleep", lambda _self, seconds: slept.append(seconds))
    list(generate(plan_generation(Selection()), rate=0.01))
    assert [round(seconds, -2) for seconds in slept] == [100, 200, 300]


def test_images_of_the_grace_time_are_left_alone(acme, run):
    without_versions(acme)
    assert run(grace=timedelta(days=3)) == []


class TestWithATaskEngine:
    """What is pending is claimed, as by a worker."""

    def test_a_failure_is_tried_again_as_often_as_by_workers(
        self, acme, run, task_engine, settings, monkeypatch
    ):
        settings.POLYIMAGES = settings.POLYIMAGES | {"TASK_ATTEMPTS": 3}
        uploaded(acme)

        def refuse(*args: object) -> None:
            raise PermissionError

        monkeypatch.setattr(InMemoryStorage, "_save", refuse)
        states = []
        for _day in range(4):
            run(reasons=frozenset(["pending"]), grace=timedelta())
            states.append(Image.objects.values_list("status", "attempts").get())
            Image.objects.filter(status="pending").update(next_attempt_at=timezone.now())
        assert states == [("pending", 1), ("pending", 2), ("failed", 0), ("failed", 0)]

    def test_an_image_that_kills_each_run_is_failed_at_last(self, acme, run, task_engine):
        uploaded(acme)
        Image.objects.update(attempts=5)
        [result] = run(grace=timedelta())
        assert result.failure == LOST
        assert Image.objects.get().status == "failed"

    def test_what_a_worker_has_claimed_since_the_plan_is_left_to_it(
        self, acme, task_engine, monkeypatch
    ):
        uploaded(acme)
        plan = plan_generation(Selection(grace=timedelta()))
        real = generation.in_parallel

        def claimed_first(work, items, *, jobs):
            items = list(items)
            Image.objects.update(attempts=1, next_attempt_at=timezone.now() + timedelta(minutes=9))
            return real(work, items, jobs=jobs)

        monkeypatch.setattr(generation, "in_parallel", claimed_first)
        with decodes(monkeypatch) as calls:
            [result] = generate(plan)
        assert (result.failure, calls) == ("", [])
        assert Image.objects.get().status == "pending"
