from __future__ import annotations

import pytest

from django_polyimages.operations import timing
from django_polyimages.operations.timing import Pace, Stop, until_asked, unwatched, watched


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(timing.time, "monotonic", lambda: now[0])
    return now


def test_a_pace_is_kept(clock):
    slept: list[float] = []
    pace = Pace(2, slept.append)
    clock[0] += 10
    pace.spend(4)
    assert slept == [pytest.approx(1)]  # of which a second was saved up
    pace.spend(1)
    assert slept[1:] == [pytest.approx(1.5)]


def test_a_pace_without_a_limit_never_sleeps(clock):
    slept: list[float] = []
    Pace(float("inf"), slept.append).spend(10**9)
    assert slept == []


def test_an_operation_is_due_when_somebody_asks():
    stop = Stop()
    assert not stop.is_due
    stop.ask()
    assert (stop.is_asked, stop.is_due, stop.seconds_left) == (True, True, 0)


def test_an_operation_is_due_when_its_time_is_up(clock):
    stop = Stop(20)
    clock[0] += 15
    assert (stop.is_due, stop.seconds_left) == (False, 5)
    clock[0] += 10
    assert (stop.is_asked, stop.is_due, stop.seconds_left) == (False, True, 0)


def test_who_is_asked_to_stop_sleeps_no_longer():
    stop = Stop()
    stop.ask()
    stop.sleep(10**6)  # else this test never ends


def test_nobody_sleeps_longer_than_there_is_time(clock):
    Stop(0.01).sleep(10**6)


def test_items_are_told_one_by_one():
    seen = []
    items = watched("ab", "letters", lambda *told: seen.append(told))
    assert (next(items), seen) == ("a", [("letters", 1)])
    assert list(items) == ["b"]
    assert seen == [("letters", 1)] * 2
    assert list(watched("ab", "letters", unwatched)) == ["a", "b"]


def test_items_end_when_somebody_asks_but_not_with_the_time():
    stop = Stop(0)
    items = until_asked(range(3), stop)
    assert next(items) == 0
    stop.ask()
    assert list(items) == []
    assert list(until_asked(range(3), None)) == [0, 1, 2]
