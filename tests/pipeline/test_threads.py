from __future__ import annotations

import os
import threading

from django_polyimages.pipeline import generation, threads
from django_polyimages.pipeline.generation import generate
from django_polyimages.pixels.inspection import inspect
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.drawing import photo, upload_of


def test_a_forked_process_gets_pools_of_its_own():
    assert threads.submit("transfers", lambda: 1).result() == 1
    child = os.fork()
    if child == 0:
        answer = threads.submit("transfers", lambda: 7).result(timeout=5)
        os._exit(answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_many_uploads_at_once_use_no_more_slots_than_allowed(monkeypatch):
    at_work, most = [], []
    real = generation.decode

    def decode(*args):
        at_work.append(1)
        most.append(len(at_work))
        result = real(*args)
        at_work.pop()
        return result

    monkeypatch.setattr(generation, "decode", decode)
    failures = []

    def work():
        events = list(generate(upload_of(content), facts, DEFAULT_VERSIONS))
        failures.append(events[-1].failure)

    content = photo(1200, 900)
    facts = inspect(upload_of(content))
    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == [None] * 8
    assert max(most) <= 2
