"""The task engines of the example: ``POLYIMAGES_ENGINE`` is ``database``, ``rq`` or ``celery``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a task engine needs in the settings."""

    generate: str = "inline"
    apps: tuple[str, ...] = ()
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    worker: tuple[str, ...] = ()
    """The command of a worker, after ``python``."""


ENGINES = {
    "": Engine(),
    "database": Engine(
        generate="task",
        apps=("django_tasks_db",),
        tasks={"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
        worker=("manage.py", "db_worker", "--no-reload", "--interval", "0.2"),
    ),
    "rq": Engine(
        generate="task",
        apps=("django_rq",),
        tasks={"default": {"BACKEND": "django_tasks_rq.RQBackend"}},
        worker=("manage.py", "rqworker", "default", "--job-class", "django_tasks_rq.Job"),
    ),
    "celery": Engine(
        generate="config.celery.give",
        worker=("-m", "celery", "--app", "config.celery", "worker", "--concurrency", "1"),
    ),
}
