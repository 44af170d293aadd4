"""The same work, whoever does it: real workers of real engines."""

from __future__ import annotations

import sys
from signal import SIGKILL

import pytest

from tests.engines.kills import (
    KILLS,
    SEED,
    campaign,
    daily,
    everything,
    is_claimed,
    only_children,
)
from tests.engines.site import files_of

pytestmark = pytest.mark.slow
SIZES = {
    "thumb": [160, 120],
    "sm": [640, 480],
    "md": [1024, 768],
    "lg": [1600, 1200],
    "square": [200, 200],
}
WITH_REDIS = ["rq", "celery"]
ENGINES = ["database", *WITH_REDIS]


@pytest.fixture
def web(site):
    with site.web() as web:
        yield web


@pytest.mark.parametrize("site", ["", *ENGINES], ids=lambda name: name or "inline", indirect=True)
def test_an_upload_ends_with_all_versions(site, web, picture):
    """So do a new focal point, and the deletion of files."""
    is_left = bool(site.engine)
    [answer] = web.ask("upload", picture)
    assert "thumb" in answer["versions"]
    assert answer["placeholder"] == "data:"
    assert (answer["status"] == "pending") == is_left
    with site.worker():
        [old] = web.when_ready()
    assert (old["status"], old["reason"], old["versions"]) == ("ready", "", SIZES)
    [moved] = web.ask("focus", old["id"], 0.1, 0.1)
    assert (moved["keys"] == old["keys"]) == is_left
    web.ask("delete", web.ask("upload", picture)[-1]["id"])
    assert (site.files() != files_of([moved])) == is_left
    with site.worker():
        [new] = web.when_ready()
    [gone] = set(old["keys"]) - set(new["keys"])
    assert "_square" in gone
    assert (new["status"], new["versions"]) == ("ready", SIZES)


KINDS = [("database", everything), ("celery", everything), ("rq", only_children)]
if KILLS > 2:  # a campaign
    KINDS += [("celery", only_children), ("rq", everything)]


@pytest.mark.parametrize(
    ("site", "killing"), KINDS, indirect=["site"], ids=lambda one: getattr(one, "__name__", one)
)
def test_killed_workers_lose_nothing(site, killing, large):
    done = campaign(site, large, killing, kills=KILLS, seed=SEED)
    sys.stdout.write(
        f"\n{site.engine}, {killing.__name__}: {KILLS} of {done.kills} kills met an image at work, "
        f"{done.ready} of {len(done.rows)} ready before the daily command, {done.seconds:.0f} s\n"
    )
    assert len(done.rows) == done.kills + 1
    assert {(row["status"], *row["versions"]) for row in done.rows} == {("ready", *SIZES)}
    assert site.files() == files_of(done.rows)


@pytest.mark.parametrize("site", WITH_REDIS, indirect=True)
def test_a_queue_that_is_lost_loses_nothing(site, web, redis, large):
    with site.worker():
        for _number in range(3):
            web.ask("upload", large)
        site.wait(lambda: is_claimed(site, 1))
        redis.stop(SIGKILL)
    [*_others, last] = web.ask("upload", large)
    assert (last["status"], last["attempts"]) == ("pending", 0)
    redis.start()
    with site.worker():
        daily(site)
    rows = web.when_ready()
    assert [row["status"] for row in rows] == ["ready"] * 4


@pytest.mark.parametrize("site", ["database"], indirect=True)
def test_a_site_that_is_killed_before_the_engine_has_the_job_loses_nothing(site, picture):
    with site.web() as web, pytest.raises(AssertionError, match="ended with -9"):
        web.ask("upload_and_die", picture)
    with site.web() as web, site.worker():
        [waiting] = web.rows()
        assert (waiting["status"], waiting["attempts"]) == ("pending", 0)
        daily(site)
        [image] = web.when_ready()
    assert (image["status"], image["versions"]) == ("ready", SIZES)
