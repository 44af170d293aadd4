"""One organization floods the site with uploads, and another one uploads a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile

from django_polyimages.pipeline import generation, slots
from django_polyimages.pipeline.deleting import ignore
from django_polyimages.pipeline.store import store_files
from tests.drawing import photo
from tests.helpers import stored_keys

FLOOD = 40
SLOTS = 2


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def turns(monkeypatch) -> list[str]:
    """Whose turn it was, in order."""
    owners: list[str] = []
    real = slots.slot

    @contextmanager
    def recording(owner, memory):
        with real(owner, memory):
            owners.append(owner)
            yield

    monkeypatch.setattr(slots, "_queue", slots._Queue())
    monkeypatch.setattr(generation, "slot", recording)
    return owners


def test_an_upload_waits_for_one_that_is_being_decoded_and_no_other(
    turns, monkeypatch, settings, files
):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_CONCURRENCY": SLOTS}
    go_on, real = threading.Semaphore(0), generation.decode

    def decode(*arguments, **options):
        assert go_on.acquire(timeout=30)
        return real(*arguments, **options)

    monkeypatch.setattr(generation, "decode", decode)
    ended: list[str] = []

    def upload(owner: str) -> None:
        store_files(ContentFile(photo()), owner, ignore)
        ended.append(owner)

    def waiting() -> int:
        return sum(map(len, list(slots._queue._waiting.values())))

    flood = [threading.Thread(target=upload, args=["flood"]) for _ in range(FLOOD)]
    for thread in flood:
        thread.start()
    until(lambda: waiting() == FLOOD - SLOTS)
    other = threading.Thread(target=upload, args=["other"])
    other.start()
    until(lambda: waiting() == FLOOD - SLOTS + 1)
    go_on.release()  # for one of those that are being decoded
    until(lambda: len(turns) > SLOTS)
    go_on.release(FLOOD)
    for thread in (other, *flood):
        thread.join(60)
    assert turns.index("other") == SLOTS
    assert sorted(ended) == ["flood"] * FLOOD + ["other"]
    assert len(stored_keys(files)) == 5 * (FLOOD + 1)
