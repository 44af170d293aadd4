"""Celery without a bridge to Django's tasks: a function that gives jobs, and a task that does them.

``acks_late`` and ``reject_on_worker_lost`` let Celery try a job again whose worker was killed. What
it loses all the same is found by ``polyimages_maintain``.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

from config.engines import REDIS_URL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("example", broker=REDIS_URL, broker_connection_retry_on_startup=True)
# Without these, a request would wait for ever for a broker that does not answer.
app.conf.broker_transport_options = {"socket_connect_timeout": 2, "socket_timeout": 3}


@app.task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)  # type: ignore[untyped-decorator]
def work(job: str, *arguments: Any) -> None:
    from django_polyimages import tasks

    tasks.run(job, *arguments)


def give(job: str, *arguments: Any) -> None:
    work.delay(job, *arguments)
