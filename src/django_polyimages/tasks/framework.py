"""The jobs as tasks of Django's framework: Django 6's own, or its backport ``django-tasks``.

Imported only where ``GENERATE`` is ``"task"``, because Django 5.2 has no tasks of its own. Nothing
is retried or deferred here: backends differ in both, so the rows do it.
"""

from __future__ import annotations

from collections.abc import Sequence

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task  # type: ignore[no-redef]

from django_polyimages import tasks


@task()
def generate(model: str, key: str, using: str) -> None:
    """Generate the versions of a pending image."""
    tasks.generate(model, key, using)


@task()
def delete_files(using: str, keys: Sequence[str]) -> None:
    """Carry out deletions of files."""
    tasks.delete_files(using, keys)
