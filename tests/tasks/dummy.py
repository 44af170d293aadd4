"""A backend of Django's task framework whose worker does not run, until a test works itself."""

from __future__ import annotations

from typing import Any

import django

from django_polyimages.models import Image

FRAMEWORK = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
DUMMY = f"{FRAMEWORK}.backends.dummy.DummyBackend"


def enqueued() -> list[Any]:
    """The results of all tasks that no worker has taken."""
    from django_polyimages.tasks import framework

    found: list[Any] = framework.generate.using(backend="media").get_backend().results
    return found


def work() -> None:
    """Carry out the tasks, and those that they cause."""
    results = enqueued()
    while results:
        _carry_out(results.pop(0))


def work_for(image: Image) -> None:
    """Carry out the tasks that are for this image alone."""
    for result in [one for one in enqueued() if str(image.pk) in one.args]:
        enqueued().remove(result)
        _carry_out(result)


def _carry_out(result: Any) -> None:
    result.task.func(*result.args, **result.kwargs)
