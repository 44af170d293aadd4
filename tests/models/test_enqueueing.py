"""Many images made pending at once. ``task_engine`` carries out its jobs when the test says so."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_polyimages import VersionSpec
from django_polyimages.models import Image, enqueueing
from tests.builders import uploaded
from tests.helpers import decodes, storage_calls, stored_keys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(acme) -> list[Image]:
    """Generated before there was an engine."""
    return [uploaded(acme) for _number in range(3)]


def statuses() -> list[str]:
    return list(Image.objects.order_by("pk").values_list("status", flat=True))


def one_spec_more(settings) -> None:
    specs = [VersionSpec("thumb", 160, 160, quality=65), VersionSpec("tiny", 40, 40)]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}


def test_images_with_missing_versions_become_pending_and_then_ready(
    three, task_engine, settings, monkeypatch
):
    one_spec_more(settings)
    with storage_calls(monkeypatch) as calls:
        assert Image.objects.filter(pk__in=[three[0].pk, three[2].pk]).enqueue() == 2
    assert calls == []
    assert statuses() == ["pending", "ready", "pending"]
    task_engine.work()
    assert statuses() == ["ready", "ready", "ready"]
    assert list(Image.objects.get(pk=three[2].pk).versions) == ["thumb", "tiny"]


def test_an_image_that_has_all_is_left_alone(three, task_engine):
    assert Image.objects.enqueue() == 0
    assert statuses() == ["ready", "ready", "ready"]
    assert task_engine.waiting() == []


def test_everything_is_generated_under_new_keys_and_shown_until_then(three, task_engine):
    before = {image.pk: image.keys for image in three}
    assert Image.objects.all().enqueue(everything=True) == 3
    assert {image.pk: image.keys for image in Image.objects.all()} == before
    assert statuses() == ["pending"] * 3
    task_engine.work()
    assert statuses() == ["ready"] * 3
    after = {image.pk: image.keys for image in Image.objects.all()}
    assert all(set(before[pk]) & set(after[pk]) == {before[pk][0]} for pk in before)
    assert stored_keys() == sorted(key for keys in after.values() for key in keys)


def test_a_failed_image_begins_its_attempts_again(three, task_engine):
    failed = Image.objects.filter(pk=three[1].pk)
    failed.update(status="failed", attempts=5, failure_reason="TimeoutError")
    assert Image.objects.filter(status="failed").enqueue() == 1
    assert failed.values_list("status", "attempts").get() == ("pending", 0)
    assert task_engine.waiting() == [["generate", "polyimages.image", str(three[1].pk), "default"]]
    task_engine.work()
    assert failed.values_list("status", "failure_reason").get() == ("ready", "")


@pytest.mark.parametrize("everything", [False, True])
def test_a_thousand_images_cost_a_few_queries_and_one_job(three, task_engine, everything):
    def queries_for(number: int) -> int:
        names = [f.attname for f in Image._meta.concrete_fields if not f.primary_key]
        row = {name: getattr(three[0], name) for name in names}
        Image.objects.bulk_create(Image(**row) for _number in range(number - Image.objects.count()))
        Image.objects.update(status="failed")
        task_engine.lose_all()
        with CaptureQueriesContext(connection) as queries:
            assert Image.objects.enqueue(everything=everything) == number
        assert [job for job, *_rest in task_engine.waiting()] == ["generate_many"]
        return len(queries)

    try:
        assert queries_for(3) == queries_for(60)
    finally:
        Image.objects.all()._raw_delete("default")


def test_batches_are_transactions_of_their_own(three, task_engine, monkeypatch):
    monkeypatch.setattr(enqueueing, "AT_ONCE", 2)
    assert Image.objects.enqueue(everything=True) == 3
    assert [job for job, *_rest in task_engine.waiting()] == ["generate_many", "generate"]
    task_engine.work()
    assert statuses() == ["ready"] * 3


def test_a_rollback_leaves_no_job(three, task_engine):
    with pytest.raises(RuntimeError), transaction.atomic():
        Image.objects.enqueue(everything=True)
        raise RuntimeError
    assert statuses() == ["ready"] * 3
    assert task_engine.waiting() == []


def test_without_an_engine_the_versions_are_there_after_the_commit(three, monkeypatch):
    with decodes(monkeypatch) as calls:
        assert Image.objects.enqueue(everything=True) == 3
    assert len(calls) == 3
    assert statuses() == ["ready"] * 3
