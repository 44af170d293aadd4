"""Where things are: a test file for each module, and no module that nobody can read in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "django_polyimages"
MODULES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
WITHOUT_TESTS = {"__init__.py", "migrations"}
"""File names and folders: packages say what they export, and migrations are run by every test."""
LONGEST = 300


def place_of_tests(module: Path) -> Path:
    return TESTS / module.parent / f"test_{module.name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_its_tests_at_the_same_place(module):
    if WITHOUT_TESTS.isdisjoint(module.parts):
        tests = place_of_tests(module)
        assert tests.exists(), f"There is no {tests.relative_to(TESTS.parent)}."


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_short(module):
    assert len((SOURCE / module).read_text().splitlines()) <= LONGEST
