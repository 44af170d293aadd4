"""The jobs as tasks of Django's framework.

Imported only where ``GENERATE`` is ``"task"``, because Django 5.2 has no tasks of its own. Nothing
is retried or deferred here: backends differ in both, so the rows do it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django_polyimages import tasks
from django_polyimages.conf import get_settings
from django_polyimages.tasks.backends import task

_BACKEND, _QUEUE = get_settings().task_backend, get_settings().task_queue


@task(backend=_BACKEND, queue_name=_QUEUE)
def generate(model: str, key: str, using: str) -> None:
    """Generate the versions of a pending image."""
    tasks.generate(model, key, using)


@task(backend=_BACKEND, queue_name=_QUEUE)
def delete_files(using: str, keys: Sequence[str]) -> None:
    """Carry out deletions of files."""
    tasks.delete_files(using, keys)


@task(backend=_BACKEND, queue_name=_QUEUE)
def generate_many(model: str, keys: Sequence[str], using: str) -> None:
    """Give a job for each of these pending images."""
    tasks.generate_many(model, keys, using)
