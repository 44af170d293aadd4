"""The jobs in Django's task framework, or its backport on Django 5.2."""

from __future__ import annotations

import django
import pytest

from django_polyimages.models import Image
from tests.builders import uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(transaction=True)
BACKENDS = f"{'django.tasks' if django.VERSION >= (6, 0) else 'django_tasks'}.backends"
IMMEDIATE = f"{BACKENDS}.immediate.ImmediateBackend"
DUMMY = f"{BACKENDS}.dummy.DummyBackend"


def with_tasks(settings, backend: str, **options: object) -> None:
    queue = {"BACKEND": backend, "QUEUES": ["default", "images"]}
    settings.TASKS = {"media": queue}
    chosen = {"GENERATE": "task", "TASK_BACKEND": "media", "TASK_QUEUE": "images"}
    settings.POLYIMAGES = settings.POLYIMAGES | chosen | options


def test_a_backend_that_works_at_once_has_all_versions_after_the_commit(acme, settings):
    with_tasks(settings, IMMEDIATE)
    image = uploaded(acme)
    assert image.status == "pending"
    assert Image.objects.get().status == "ready"
    image.delete()
    assert stored_keys() == []


def test_backend_and_queue_are_those_of_the_settings(acme, settings):
    from django_polyimages.tasks import framework

    with_tasks(settings, DUMMY)
    image = uploaded(acme)
    backend = framework.generate.using(backend="media").get_backend()
    [result] = backend.results
    assert result.task.queue_name == "images"
    assert result.task.func.__module__ == "django_polyimages.tasks.framework"
    assert list(result.args) == ["polyimages.image", str(image.pk), "default"]


def test_a_queue_that_is_not_there_loses_nothing(acme, settings, caplog):
    with_tasks(settings, IMMEDIATE, TASK_QUEUE="missing")
    uploaded(acme)
    assert Image.objects.get().status == "pending"
    assert "InvalidTask" in caplog.text
