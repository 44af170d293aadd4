"""A process prepares for uploads in the background, once it has answered a request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.core.signals import request_finished
from django.test import Client

from django_polyimages import storage
from django_polyimages.pipeline import connecting, threads
from django_polyimages.pipeline.connecting import connect_after_first_request
from django_polyimages.pixels import resampling
from tests.helpers import in_a_new_process


@pytest.fixture
def connected(monkeypatch) -> Iterator[list[str]]:
    """The names of the threads that have connected."""
    threads: list[str] = []
    monkeypatch.setattr(storage, "connect", lambda: threads.append(threading.current_thread().name))
    connect_after_first_request()
    yield threads
    request_finished.disconnect(dispatch_uid=connecting._UID)


def wait_for(threads: list[str]) -> None:
    end = time.monotonic() + 10
    while not threads and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.django_db
def test_the_first_request_connects_in_a_thread_and_the_next_does_not(connected):
    assert connected == []
    Client().get("/")
    wait_for(connected)
    assert len(connected) == 1
    assert connected[0].startswith("polyimages-transfers")
    Client().get("/")
    time.sleep(0.1)
    assert len(connected) == 1


@pytest.mark.django_db
def test_the_first_request_tries_the_resizer_in_a_thread(connected, monkeypatch):
    tried: list[str] = []
    monkeypatch.setattr(
        resampling, "is_fast", lambda: tried.append(threading.current_thread().name)
    )
    Client().get("/")
    wait_for(tried)
    assert [one.split("_")[0] for one in tried] == ["polyimages-encoders"]


@pytest.mark.django_db
def test_a_process_without_threads_to_spare_fails_no_request(connected, monkeypatch):
    def submit(*_arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "submit", submit)
    assert Client().get("/").status_code == 200


@pytest.mark.django_db
def test_a_storage_that_cannot_be_connected_fails_no_request(connected, monkeypatch):
    tried: list[str] = []

    def connect() -> None:
        tried.append("")
        raise ValueError

    monkeypatch.setattr(storage, "connect", connect)
    assert Client().get("/").status_code < 500
    wait_for(tried)
    assert tried


CODE = """
import threading
from django.core.management import call_command
call_command("check")
print([one.name for one in threading.enumerate()])
"""


def test_a_command_connects_nothing():
    assert in_a_new_process(CODE) == "['MainThread']"
