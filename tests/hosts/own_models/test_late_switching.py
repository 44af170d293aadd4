"""A site starts with the default models and switches later; each step is a separate process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.late_sites import new_database, run_step

ARCHIVE = Path(__file__).parent / "archive"
LATER = "# Everything below was added later, together with the app's own image models."
BEFORE, AFTER = "tests.hosts.own_models.settings_before", "tests.hosts.own_models.settings_late"
STEPS = "tests.hosts.own_models.late_steps"


@pytest.fixture
def archive_before(tmp_path) -> Path:
    """The folder of the app ``archive`` before it had its own image models."""
    app = tmp_path / "before" / "archive"
    later = shutil.ignore_patterns("__pycache__", "admin.py", "views.py", "000[2-9]_*")
    shutil.copytree(ARCHIVE, app, ignore=later)
    hosts, mark, _rest = (app / "models.py").read_text().partition(LATER)
    assert mark
    (app / "models.py").write_text(hosts)
    return app.parent


@pytest.fixture
def database_url(tmp_path) -> Iterator[str]:
    with new_database("late_switching", tmp_path) as url:
        yield url


@pytest.fixture
def run(tmp_path, archive_before, database_url):
    def run(settings: str, *arguments: str, error: str = "") -> str:
        return run_step(
            *arguments,
            folder=tmp_path,
            error=error,
            paths=[str(archive_before)] if settings == BEFORE else [],
            DATABASE_URL=database_url,
            DJANGO_SETTINGS_MODULE=settings,
        )

    return run


def test_a_site_switches_late_and_takes_its_images_along(run):
    def do(settings: str, *steps: str) -> Any:
        return json.loads(run(settings, STEPS, *steps))

    before = do(BEFORE, "migrate", "nothing_is_missing", "fill", "facts")
    assert len(before["images"]) == 603
    assert [use[0] for use in before["holdings"]["Book Atlas"]] == [
        f"images/{number:04}.jpg" for number in reversed(range(600))
    ]
    assert len(before["files"]) == 12

    # After the switch but before the rows are moved, the site works but shows no images.
    run(AFTER, "django", "migrate", "archive", "0002")
    empty = {"images": {}, "holdings": {name: [] for name in before["holdings"]}}
    assert do(AFTER, "nothing_is_missing", "facts") == empty | {"files": before["files"]}

    # No row of the host is deleted together with an old image.
    do(BEFORE, "refer")
    run(AFTER, "django", "migrate", error="IntegrityError")
    assert do(BEFORE, "forget", "facts") == before

    assert do(AFTER, "migrate", "facts") == before

    run(AFTER, "django", "migrate", "archive", "0001")
    assert do(BEFORE, "facts") == before

    do(AFTER, "migrate", "change")
