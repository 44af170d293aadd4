"""Hands work to the task engine of the host.

The rows are the queue: an image is ``pending`` until its versions are there, and a ``FileDeletion``
stays until its files are deleted. The engine only wakes a worker, which looks at the row again. So
what an engine loses is found by ``polyimages_maintain``, and what it delivers twice is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.utils.module_loading import import_string

from django_polyimages.conf import get_settings
from django_polyimages.tasks.asking import Engine

__all__ = ["run"]
GENERATE: Final = "generate"
DELETE_FILES: Final = "delete_files"
GENERATE_MANY: Final = "generate_many"


def generate(model: str, key: str, using: str) -> None:
    """Generate the versions of a pending image: ``model`` is the label of its model, ``key`` its
    primary key as text and ``using`` the database.
    """
    apps.get_model(model).generate_pending(key, using=using)


def delete_files(using: str, keys: Sequence[str]) -> None:
    """Carry out the file deletions with these primary keys."""
    apps.get_model("polyimages.FileDeletion").objects.db_manager(using).carry_out_keys(keys)


def generate_many(model: str, keys: Sequence[str], using: str) -> None:
    """Give the engine a job for each of these images: too many for a request to do so."""
    for key in keys:
        enqueue(GENERATE, model, key, using)


_JOBS: Final[dict[str, Any]] = {
    GENERATE: generate,
    DELETE_FILES: delete_files,
    GENERATE_MANY: generate_many,
}

_engine: Final = Engine()


def run(job: str, *arguments: Any) -> None:
    """Do what ``enqueue()`` was given. For the worker of an engine without a backend for Django's
    tasks.

    Raises ``ValueError`` for an unknown job, such as one of a newer version of the package.
    """
    if job not in _JOBS:
        raise ValueError(f"Unknown job {job!r}: choose from {', '.join(_JOBS)}.")
    _JOBS[job](*arguments)


def is_inline() -> bool:
    """Whether there is no engine, so that the request does all work."""
    return get_settings().generate == "inline"


def enqueue_after_commit(job: str, *arguments: Any, using: str) -> None:
    """Give the engine a job, after the commit of the current transaction in the database ``using``.

    All ``arguments`` are JSON. If the engine does not take the job, that is logged, and the row
    waits for ``polyimages_maintain``.
    """

    def give() -> None:  # not a partial: Django needs the name of a robust callback
        enqueue(job, *arguments)

    transaction.on_commit(give, using=using, robust=True)


def enqueue(job: str, *arguments: Any) -> None:
    """Give the engine a job now, unless it has just not answered: then the row waits."""
    if not _engine.is_paused:
        with _engine.asked():
            _give(job, *arguments)


def _give(job: str, *arguments: Any) -> None:
    settings = get_settings()
    if settings.generate == "task":
        task = getattr(import_module("django_polyimages.tasks.framework"), job)
        task.using(backend=settings.task_backend, queue_name=settings.task_queue).enqueue(
            *arguments
        )
    else:
        import_string(settings.generate)(job, *arguments)
