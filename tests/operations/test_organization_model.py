"""A site changes its organization model late; each step is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

PROJECT = Path(__file__).parent.parent.parent
PATHS = [str(PROJECT), str(PROJECT / "example_project")]
HOST = "tests.hosts.late_organizations"
pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Run = Callable[..., str]


@pytest.fixture
def database_url(tmp_path) -> Iterator[str]:
    """A new database, on the database server of the tests if there is one."""
    server = os.environ.get("DATABASE_URL", "")
    if not server or server.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/late.sqlite3"
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS late_organizations")
        cursor.execute("CREATE DATABASE late_organizations")
    yield urlsplit(server)._replace(path="/late_organizations").geturl()
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE late_organizations")


@pytest.fixture
def old_model() -> str:
    return "auth.Group"


@pytest.fixture
def run(tmp_path, database_url, old_model) -> Run:
    def run(when: str, *arguments: str, error: str = "", **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", *arguments],
            cwd=PROJECT,
            env=os.environ
            | {
                "DATABASE_URL": database_url,
                "DJANGO_SETTINGS_MODULE": f"{HOST}.settings_{when}",
                "MEDIA_ROOT": str(tmp_path / "media"),
                "OLD_MODEL": old_model,
                "PYTHONPATH": os.pathsep.join([*PATHS, os.environ.get("PYTHONPATH", "")]),
                **environment,
            },
            capture_output=True,
            text=True,
        )
        assert bool(done.returncode) == bool(error), done.stdout + done.stderr
        assert error in done.stderr
        return done.stdout

    return run


@pytest.fixture
def migrated(run) -> Run:
    """The site before the change, with the new model in the database and two images."""
    run("before", "django", "migrate", "shops", "0001")
    run("before", "django", "migrate", "polyimages")
    run("before", f"{HOST}.steps", "fill")
    return run


@pytest.mark.parametrize("old_model", ["", "auth.Group"], ids=["no organizations", "groups"])
def test_images_move_to_a_new_organization_model(migrated, old_model):
    run = migrated
    run("before", "django", "makemigrations", "--check", "--dry-run")
    run("after", "django", "migrate")
    run("after", "django", "makemigrations", "--check", "--dry-run")
    moved = json.loads(run("after", f"{HOST}.steps", "owners"))
    north, south = ("north", "south") if old_model else ("default", "default")
    assert moved == {"north.jpg": north, "south.jpg": south}
    assert json.loads(run("after", f"{HOST}.steps", "use")) == [True, 1]


def test_an_organization_that_was_forgotten_changes_nothing(migrated):
    run = migrated
    run(
        "after",
        "django",
        "migrate",
        error="new_keys() lacks these keys of auth.Group: {1}",
        LOST="1",
    )
    assert len(json.loads(run("before", f"{HOST}.steps", "owners"))) == 2
    run("after", "django", "migrate")


def test_a_model_that_was_not_migrated_before_the_change_is_told_by_django(run):
    """The reason why the guide has it migrated first."""
    run("before", "django", "migrate", "polyimages")
    run("after", "django", "migrate", error="InconsistentMigrationHistory")
