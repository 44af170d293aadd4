"""What a package index shows: README and classifiers. They say what the tests are run with."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text()
CLASSIFIERS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["classifiers"]
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(CLASSIFIERS))
DJANGOS = re.findall(r"Django :: (\d\.\d)", "\n".join(CLASSIFIERS))


def test_the_readme_needs_no_file_beside_it():
    """A package index shows it alone: neither pictures nor links of the repository work there."""
    text = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)]*)|(?:src|href)=[\"']([^\"']*)|^\[[^\]]+\]: (.*)", text, re.M)
    assert [one for target in targets for one in target if one and "://" not in one] == []


def test_the_readme_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 120


def test_the_files_that_the_readme_names_exist():
    named = re.findall(r"`((?:docs|example_project)[\w./]*|[A-Z]+\.md)`", README)
    assert len(named) > 3
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_tox_readme_and_docs_agree_with_the_classifiers():
    listed = (PROJECT / "tox.ini").read_text().partition("[testenv]")[0]
    environments = re.findall(r"py3(\d+)-django\{?([\d, ]+)\}?", listed)
    assert [f"3.{minor}" for minor, _ in environments] == PYTHONS
    tested = {f"{one[0]}.{one[1]}" for _, found in environments for one in found.split(", ")}
    assert sorted(tested) == DJANGOS
    span = f"Python {PYTHONS[0]} to {PYTHONS[-1]}"
    *others, last = DJANGOS
    frameworks = f"Django {', '.join(others)} and {last}"
    for text in (README, (PROJECT / "docs/index.md").read_text()):
        assert span in text
        assert frameworks in text
