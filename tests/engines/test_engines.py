"""The same upload, whoever generates the versions: real workers of real engines."""

from __future__ import annotations

import pytest

from tests.engines.site import Site

pytestmark = pytest.mark.slow
NEEDS_REDIS = {"rq", "celery"}
NAMES = ["thumb", "sm", "md", "lg"]


@pytest.fixture(params=["", "database", "rq", "celery"], ids=lambda name: name or "inline")
def site(request, tmp_path) -> Site:
    needs_redis = request.param in NEEDS_REDIS
    urls = {"REDIS_URL": request.getfixturevalue("redis_url")} if needs_redis else {}
    return Site.create(request.param, tmp_path, **urls)


def test_an_upload_ends_with_all_versions(site):
    with site.worker():
        [answer] = site.upload()
        assert "thumb" in answer["versions"]
        assert answer["placeholder"] == "data:"
        [image] = site.wait_until_ready()
    assert (image["status"], image["reason"]) == ("ready", "")
    assert image["versions"] == {
        "thumb": [160, 120], "sm": [640, 480], "md": [1024, 768], "lg": [1600, 1200]
    }  # fmt: skip
    assert site.files() == sorted(key.removeprefix("images/") for key in image["keys"])
