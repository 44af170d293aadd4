from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from django_polyimages import tasks
from django_polyimages.models import Image
from django_polyimages.tasks import asking
from organizations.models import Organization
from tests.builders import uploaded

SECONDS_OF_A_FAILURE = 5


class SlowEngine:
    """An engine that refuses jobs after a while, until it is mended."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        self.asked = 0
        self.is_broken = True
        monkeypatch.setattr(asking.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(tasks, "_engine", asking.Engine())
        monkeypatch.setattr("tests.tasks.engine.give", self.give)

    def give(self, job: str, *arguments: object) -> None:
        self.asked += 1
        if self.is_broken:
            self.now += SECONDS_OF_A_FAILURE
            raise ConnectionError


@pytest.fixture
def slow(task_engine, monkeypatch) -> SlowEngine:
    return SlowEngine(monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_an_engine_that_does_not_answer_is_waited_for_once(acme, slow, caplog):
    for _file in range(3):
        uploaded(acme)
    assert slow.asked == 1
    Image.objects.all().delete()
    assert slow.asked == 1
    assert "The task engine does not answer." in caplog.text


def test_it_is_asked_again_after_a_while(slow):
    with pytest.raises(ConnectionError):
        tasks.enqueue("generate", "polyimages.image", "1", "default")
    slow.now += asking.PAUSE
    with pytest.raises(ConnectionError):
        tasks.enqueue("generate", "polyimages.image", "1", "default")
    tasks.enqueue("generate", "polyimages.image", "1", "default")
    assert slow.asked == 2
    slow.is_broken = False
    slow.now += asking.PAUSE
    for _job in range(3):
        tasks.enqueue("generate", "polyimages.image", "1", "default")
    assert slow.asked == 5


def test_failures_that_cost_no_time_are_no_reason(slow, monkeypatch):
    monkeypatch.setattr("tests.tasks.test_asking.SECONDS_OF_A_FAILURE", 0.3)
    for _job in range(6):
        with pytest.raises(ConnectionError):
            tasks.enqueue("generate", "polyimages.image", "1", "default")
        slow.is_broken = not slow.is_broken
        tasks.enqueue("generate", "polyimages.image", "1", "default")
        slow.is_broken = not slow.is_broken
    assert slow.asked == 12


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_its_database_error_does_not_break_a_transaction_in_another_database(
    acme, task_engine, monkeypatch
):
    """The engine's table may be in a database of its own."""

    def give(job: str, *arguments: object) -> None:
        Organization(name="Twice", slug="twice").save(using="other")

    monkeypatch.setattr("tests.tasks.engine.give", give)
    Organization.objects.using("other").create(name="Twice", slug="twice")
    with transaction.atomic(using="other"):
        uploaded(acme)  # committed in "default" at once
        assert Organization.objects.using("other").count() == 1
    with pytest.raises(IntegrityError):
        give("generate")
