"""Every template of the package and of the example project."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
TEMPLATES = [
    path.relative_to(PROJECT)
    for folder in ("src/django_polyimages", "example_project")
    for path in sorted((PROJECT / folder).rglob("templates/**/*.html"))
]


def test_the_templates_are_found():
    assert {"picture.html", "images_inline_card.html", "gallery.html"} < {p.name for p in TEMPLATES}


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_no_line_is_longer_than_160_characters(template):
    lines = enumerate((PROJECT / template).read_text().splitlines(), 1)
    assert {number: len(line) for number, line in lines if len(line) > 160} == {}
