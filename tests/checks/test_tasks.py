from __future__ import annotations

import django
import pytest

from django_polyimages.checks.tasks import check_task_engine

PACKAGE = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
DUMMY = f"{PACKAGE}.backends.dummy.DummyBackend"
IMMEDIATE = f"{PACKAGE}.backends.immediate.ImmediateBackend"


@pytest.fixture
def complaints(settings):
    """The complaints about these options of ``POLYIMAGES`` and this ``TASKS["default"]``."""

    def found(backend: str = DUMMY, queues=("default",), **options: str) -> list[str]:
        settings.TASKS = {"default": {"BACKEND": backend, "QUEUES": list(queues)}}
        settings.POLYIMAGES = {"GENERATE": "task"} | options
        return [f"{one.id} {one.msg}" for one in check_task_engine()]

    return found


def test_without_an_engine_there_is_nothing_to_check(complaints):
    assert complaints("no.such.Backend", GENERATE="inline") == []


class TestAFunction:
    def test_that_exists_is_right(self, complaints):
        assert complaints(GENERATE="tests.tasks.engine.give") == []

    @pytest.mark.parametrize(
        ("path", "problem"),
        [
            ("tests.nowhere.give", "cannot be imported: No module named 'tests.nowhere'"),
            ("tests.tasks.engine.take", "cannot be imported"),
            ("tests.tasks.engine.__name__", "is not callable"),
            ("tests.tasks.engine.", "cannot be imported"),
            (".give", "cannot be imported"),
            ("..", "cannot be imported"),
            ("asyncio.sleep", "is asynchronous, so that nobody would await it"),
        ],
    )
    def test_that_does_not_exist_is_an_error(self, complaints, path, problem):
        [message] = complaints(GENERATE=path)
        assert message.startswith("polyimages.E063")
        assert problem in message


class TestABackend:
    def test_with_workers_is_right(self, complaints):
        assert complaints("tests.checks.test_tasks.WithWorkers") == []

    def test_that_is_not_defined_is_an_error(self, complaints):
        [message] = complaints(TASK_BACKEND="media")
        assert message.startswith("polyimages.E061 The task backend 'media' cannot be used")

    def test_that_cannot_be_imported_is_an_error(self, complaints):
        [message] = complaints("no.such.Backend")
        assert message.startswith("polyimages.E061")

    def test_whose_app_is_not_installed_is_an_error(self, complaints):
        [message] = complaints("django_tasks_db.DatabaseBackend")
        assert message.startswith("polyimages.E061 The task backend 'default' cannot be used: ")
        assert "not installed" in message

    def test_without_the_queue_is_an_error(self, complaints):
        [message] = complaints(queues=["mail"], TASK_QUEUE="images")
        assert message.startswith("polyimages.E062 The task backend 'default' has no queue")

    def test_that_takes_every_queue_is_right(self, complaints):
        assert complaints("tests.checks.test_tasks.WithWorkers", queues=[]) == []

    @pytest.mark.parametrize(
        ("backend", "effect"), [(IMMEDIATE, "in the request"), (DUMMY, "never does the work")]
    )
    def test_without_workers_is_a_warning(self, complaints, backend, effect):
        [message] = complaints(backend)
        assert message.startswith("polyimages.W060")
        assert effect in message

    def test_needs_the_backport_on_django_5(self, complaints, monkeypatch):
        def missing(name):
            raise ModuleNotFoundError(name)

        monkeypatch.setattr("django_polyimages.checks.tasks.import_module", missing)
        [message] = complaints()
        assert message.startswith("polyimages.E060")


if django.VERSION >= (6, 0):
    from django.tasks.backends.dummy import DummyBackend
else:
    from django_tasks.backends.dummy import DummyBackend


class WithWorkers(DummyBackend):
    """A backend that is none of the two without workers."""
