from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime

import pytest
from django.core.management.base import CommandParser

from django_polyimages.management.arguments import (
    add_grace,
    add_jobs,
    add_rate,
    moment,
    number,
    seconds_ago,
    version_name,
    whole_number,
)


def test_a_number_has_a_lower_limit():
    assert number(at_least=0)("0.5") == 0.5
    for text in ("-1", "soon", "nan", "inf"):
        with pytest.raises(ArgumentTypeError, match="is not a number of at least 0"):
            number(at_least=0)(text)


def test_a_whole_number_is_one_at_least():
    assert whole_number("3") == 3
    for text in ("0", "-1", "1.5", "all"):
        with pytest.raises(ArgumentTypeError, match="is not a whole number of at least 1"):
            whole_number(text)


def test_a_moment_is_a_date_or_a_time():
    assert moment("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert moment("2026-03-01T04:10+02:00") == datetime(2026, 3, 1, 2, 10, tzinfo=UTC)
    with pytest.raises(ArgumentTypeError, match="'yesterday' is neither a date such as"):
        moment("yesterday")


def test_a_moment_has_no_time_zone_in_a_project_without(settings):
    settings.USE_TZ = False
    assert moment("2026-03-01") == datetime(2026, 3, 1)
    assert moment("2026-03-01T04:10+00:00") == datetime(2026, 3, 1, 4, 10)


def test_a_version_has_a_spec():
    assert version_name("lg") == "lg"
    with pytest.raises(ArgumentTypeError, match=r"no 'huge'; choose from thumb, sm, md, lg\."):
        version_name("huge")


def test_rate_jobs_and_grace_have_defaults():
    parser = CommandParser()
    add_rate(parser, "files")
    add_jobs(parser, 2)
    add_grace(parser)
    assert vars(parser.parse_args([])) == {"rate": float("inf"), "jobs": 2, "grace": 86400}
    assert vars(parser.parse_args(["--rate", "5", "--jobs", "8", "--grace", "60"])) == {
        "rate": 5,
        "jobs": 8,
        "grace": 60,
    }


def test_a_number_may_have_an_upper_limit():
    assert seconds_ago("10_000_000_000") == 10_000_000_000
    with pytest.raises(ArgumentTypeError, match="at least 0 and at most 10,000,000,000"):
        seconds_ago("1e11")


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_moment_beyond_the_calendar_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="is neither a date"):
        moment(text)
