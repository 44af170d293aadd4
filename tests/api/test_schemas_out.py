from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from django_polyimages import VersionSpec
from django_polyimages.api.schemas_out import image_out
from tests.api.calls import get

pytestmark = pytest.mark.django_db


class TestImage:
    def test_shows_versions_that_have_a_spec(self, client, image, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [VersionSpec("sm", 640, 640)]}
        assert list(get(client, f"images/{image.pk}/").json()["versions"]) == ["sm"]

    def test_tells_times_in_utc_whatever_the_host_does(self, image, rf):
        for moment in (datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3, tzinfo=UTC)):
            image.created_at = moment
            assert image_out(image, rf.get("/"))["created_at"] == datetime(
                2026, 1, 2, 3, tzinfo=UTC
            )

    def test_has_nothing_but_built_in_types(self, image, rf):
        """A renderer of the host may know no others, and Ninja does not convert them."""
        image.status, image.focal_x = image.Status.PENDING, 1
        out = image_out(image, rf.get("/"))
        assert type(out["status"]) is str
        assert json.dumps(out["focal_point"]) == '{"x": 1.0, "y": 0.5}'
