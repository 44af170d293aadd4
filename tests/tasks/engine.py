"""A task engine for tests: a list of jobs, which a test carries out when it wants to."""

from __future__ import annotations

import json

from django_polyimages import tasks

_jobs: list[str] = []


def give(job: str, *arguments: object) -> None:
    """What ``GENERATE`` names. Like a real engine, it takes nothing but JSON."""
    _jobs.append(json.dumps([job, *arguments]))


def waiting() -> list[list[object]]:
    """The jobs that no worker has taken."""
    return [json.loads(job) for job in _jobs]


def lose_all() -> None:
    """As an engine does whose server is started again without its data."""
    _jobs.clear()


def work() -> None:
    """Carry out the jobs, and those that they cause, as a worker."""
    while _jobs:
        job, *arguments = json.loads(_jobs.pop(0))
        tasks.run(job, *arguments)
