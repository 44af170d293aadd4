from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ninja.responses import NinjaJSONEncoder

from django_polyimages.api.moments import moment_out, writes_json


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 120_000, 999_999])
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_a_time_is_written_as_ninja_writes_it(rf, microsecond, zone):
    moment = datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=zone)
    request = rf.get("/")
    expected = json.dumps(moment_out(moment, request), cls=NinjaJSONEncoder)
    assert moment_out(moment, request) == moment
    writes_json(request)
    assert json.dumps(moment_out(moment, request)) == expected
