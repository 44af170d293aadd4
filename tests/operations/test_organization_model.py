"""A site changes its organization model late; each step is a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.late_sites import new_database, run_step

HOST = "tests.hosts.late_organizations"
pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Run = Callable[..., str]


@pytest.fixture
def database_url(tmp_path) -> Iterator[str]:
    with new_database("late_organizations", tmp_path) as url:
        yield url


@pytest.fixture
def old_model() -> str:
    return "auth.Group"


@pytest.fixture
def run(tmp_path, database_url, old_model) -> Run:
    def run(when: str, *arguments: str, error: str = "", **environment: str) -> str:
        return run_step(
            *arguments,
            folder=tmp_path,
            error=error,
            DATABASE_URL=database_url,
            DJANGO_SETTINGS_MODULE=f"{HOST}.settings_{when}",
            OLD_MODEL=old_model,
            **environment,
        )

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
    assert json.loads(run("after", f"{HOST}.steps", "use")) == [True, 1, 1, 0]


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
