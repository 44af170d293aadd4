"""The same upload, whoever generates the versions: real workers of real engines."""

from __future__ import annotations

import sys

import pytest

from tests.engines.kills import KILLS, SEED, campaign
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


@pytest.mark.parametrize("site", ["database", "celery"], indirect=True)
def test_killed_workers_lose_nothing(site):
    done = campaign(site, KILLS, SEED)
    figures = f"{done.kills} kills, {done.in_time} in time, {done.ready_before} ready before"
    sys.stdout.write(f"\n{site.engine}: {figures}\n")
    assert len(done.images) == KILLS
    assert {image["status"] for image in done.images} == {"ready"}
    assert {tuple(image["versions"]) for image in done.images} == {tuple(NAMES)}
    keys = [key.removeprefix("images/") for image in done.images for key in image["keys"]]
    assert done.files == sorted(keys)
