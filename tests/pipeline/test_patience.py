from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from django_polyimages.pipeline.patience import Patience, error_of, waiting_together


def ended(error: Exception | None = None) -> Future[int]:
    future: Future[int] = Future()
    future.set_exception(error) if error else future.set_result(1)
    return future


def running() -> Future[int]:
    future: Future[int] = Future()
    future.set_running_or_notify_cancel()
    return future


def seconds_of(patience: Patience, *work: Future[int]) -> float:
    begun = time.monotonic()
    patience.wait(work)
    return time.monotonic() - begun


def test_the_time_is_that_of_all_waits_together():
    patience = Patience(0.4)
    first, second = seconds_of(patience, running()), seconds_of(patience, running())
    assert first >= 0.39
    assert second < 0.3


def test_time_that_is_not_waited_does_not_count():
    patience = Patience(0.4)
    time.sleep(0.3)
    assert seconds_of(patience, ended()) < 0.2
    assert seconds_of(patience, running()) >= 0.35


def test_all_writes_of_a_block_wait_together(settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 1}
    with waiting_together():
        assert seconds_of(Patience.for_writes(), running()) >= 0.99
        assert Patience.for_writes().has_ended
        assert not Patience.for_deletions().has_ended
    assert not Patience.for_writes().has_ended


def test_a_block_within_a_block_shares_its_time(settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 1}
    with waiting_together():
        with waiting_together():
            seconds_of(Patience.for_writes(), running())
        assert Patience.for_writes().has_ended


@pytest.mark.parametrize(("made_by", "expected"), [(Patience, 4), (Patience.for_deletions, 2)])
def test_the_time_is_that_of_the_setting(monkeypatch, settings, made_by, expected):
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 4}
    given = []

    def wait(work, timeout):
        given.append(timeout)
        return type("Result", (), {"not_done": []})

    monkeypatch.setattr("django_polyimages.pipeline.patience.wait", wait)
    made_by().wait([])
    assert given == [expected]


def test_what_has_not_begun_is_cancelled_and_what_has_goes_on():
    waiting, begun = Future(), running()
    Patience(0).wait([waiting, begun])
    assert waiting.cancelled()
    assert begun.running()


def test_the_error_of_work_that_has_not_ended_is_a_timeout():
    cancelled: Future[int] = Future()
    cancelled.cancel()
    assert isinstance(error_of(running()), TimeoutError)
    assert isinstance(error_of(cancelled), TimeoutError)
    assert error_of(ended()) is None
    error = ValueError()
    assert error_of(ended(error)) is error
