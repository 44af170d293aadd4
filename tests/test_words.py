"""Words that must not appear in the package, its documentation and the example project.

Texts in the first person and the metaphor of a house with rooms are hard to understand for readers
who are new to the project.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SUFFIXES = {
    "src": {".py", ".js", ".css", ".html"},
    "docs": {".md", ".py", ".css"},
    "example_project": {".py", ".css", ".html"},
}
LEFT_OUT = {"_build", "media", "migrations"}
FORBIDDEN = re.compile(r"\b(houses?|rooms|we|us|ours?|ourselves)\b", re.IGNORECASE)
ALLOWED = re.compile(
    r"""
    \bUS\b                       # the country
    | \b[a-z]{2}[-_](us|US)\b    # a language, such as en-us
    | \bus-[a-z]+-\d\b           # an AWS region
    """,
    re.VERBOSE,
)


def forbidden_words(text: str) -> list[str]:
    """The forbidden words in a text, each after the number of its line."""
    return [
        f"line {number}: {word}"
        for number, line in enumerate(text.splitlines(), start=1)
        for word in FORBIDDEN.findall(ALLOWED.sub("", line))
    ]


def names() -> list[str]:
    """The paths of the files to check, relative to the project."""
    found = ["README.md", "CHANGELOG.md"]
    for folder, suffixes in SUFFIXES.items():
        paths = [path.relative_to(PROJECT) for path in (PROJECT / folder).rglob("*.*")]
        found += sorted(
            str(path)
            for path in paths
            if path.suffix in suffixes and LEFT_OUT.isdisjoint(path.parts)
        )
    return found


@pytest.mark.parametrize("name", names())
def test_a_file_contains_no_forbidden_word(name):
    assert forbidden_words((PROJECT / name).read_text()) == []


def test_files_of_every_folder_are_checked():
    assert {Path(name).parts[0] for name in names()} == {"README.md", "CHANGELOG.md", *SUFFIXES}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as We do", ["line 1: We"]),
        ("fine\nthese models are ours,\nask us", ["line 2: ours", "line 3: us"]),
        ("the rooms of the house", ["line 1: rooms", "line 1: house"]),
        ("use the bus; powers, webp, warehouse, bedrooms, hours", []),
        ("US, us-east-1, en-us, en_US", []),
    ],
)
def test_only_whole_words_are_forbidden(text, found):
    assert forbidden_words(text) == found
