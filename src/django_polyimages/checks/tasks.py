"""Checks the task engine that ``GENERATE`` names."""

from __future__ import annotations

from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_polyimages.conf import Settings, get_settings


def check_task_engine(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that jobs can be given to the engine, and that they do not end in the request."""
    settings = get_settings()
    if settings.generate == "inline":
        return []
    return _check_framework(settings) if settings.generate == "task" else _check_path(settings)


def _check_path(settings: Settings) -> list[checks.CheckMessage]:
    try:
        give = import_string(settings.generate)
    except (ImportError, TypeError, ValueError) as error:  # the last two for a path like ".give"
        problem = f"cannot be imported: {error}"
    else:
        if iscoroutinefunction(give):
            problem = "is asynchronous, so that nobody would await it"
        elif callable(give):
            return []
        else:
            problem = "is not callable"
    return [
        checks.Error(
            f'POLYIMAGES["GENERATE"] is {settings.generate!r}, which {problem}',
            hint="Name a function(job, *arguments) that gives the job to your task engine, whose "
            "worker calls django_polyimages.tasks.run(job, *arguments).",
            obj="POLYIMAGES",
            id="polyimages.E063",
        )
    ]


def _check_framework(settings: Settings) -> list[checks.CheckMessage]:
    alias, queue = settings.task_backend, settings.task_queue
    try:
        backends = import_module("django_polyimages.tasks.backends").task_backends
    except ImportError:
        return [
            checks.Error(
                'POLYIMAGES["GENERATE"] is "task", but this Django has no task framework.',
                hint='Install its backport (pip install "django-polyimages[tasks]"), or Django 6.',
                obj="POLYIMAGES",
                id="polyimages.E060",
            )
        ]
    try:
        backend = backends[alias]
    except (ImproperlyConfigured, ImportError) as error:
        hint = f'Define TASKS["{alias}"], or name another one in POLYIMAGES: "TASK_BACKEND".'
        return [_unusable(alias, error, hint)]
    # On Django 6, and without django_tasks in INSTALLED_APPS, nothing else runs these checks.
    refused = [message for message in backend.check() if message.is_serious()]
    if refused:
        return [_unusable(alias, message.msg, message.hint) for message in refused]
    if backend.queues and queue not in backend.queues:
        return [
            checks.Error(
                f"The task backend {alias!r} has no queue {queue!r}, so it takes no jobs.",
                hint=f'Add {queue!r} to TASKS["{alias}"]["QUEUES"], or set "TASK_QUEUE" in '
                f"POLYIMAGES to one of {', '.join(sorted(map(repr, backend.queues)))}.",
                obj="TASKS",
                id="polyimages.E062",
            )
        ]
    return _check_kind(alias, type(backend).__name__)


def _check_kind(alias: str, kind: str) -> list[checks.CheckMessage]:
    effects = {
        "ImmediateBackend": "does the work in the request, after the commit",
        "DummyBackend": "never does the work",
    }
    if kind not in effects:
        return []
    return [
        checks.Warning(
            f'POLYIMAGES["GENERATE"] is "task", but the task backend {alias!r} {effects[kind]}.',
            hint="Use a backend with workers, such as django-tasks-db, or silence this check in "
            'the settings of your tests. "GENERATE": "inline" needs no backend.',
            obj="TASKS",
            id="polyimages.W060",
        )
    ]


def _unusable(alias: str, reason: object, hint: str | None) -> checks.Error:
    return checks.Error(
        f"The task backend {alias!r} cannot be used: {reason}",
        hint=hint,
        obj="TASKS",
        id="polyimages.E061",
    )
