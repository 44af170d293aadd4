"""``docs/reference/api.md`` lists what is public; so does ``__all__`` of the public modules."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "api.md"
PUBLIC = [
    "django_polyimages",
    "django_polyimages.access",
    "django_polyimages.admin",
    "django_polyimages.api",
    "django_polyimages.errors",
    "django_polyimages.forms",
    "django_polyimages.jinja2",
    "django_polyimages.models",
    "django_polyimages.policies",
    "django_polyimages.rendering",
    "django_polyimages.signals",
    "django_polyimages.storage.s3",
    "django_polyimages.tasks",
]
INNER = {
    "django_polyimages.versions.Version",
    "django_polyimages.specs.FocalPoint",
    "django_polyimages.storage.incoming.Instructions",
}
"""Documented beside the objects that hold them; nobody has to import these."""


def documented() -> dict[str, set[str]]:
    """The names in each section of the page, by the module that the section is about."""
    found: dict[str, set[str]] = {}
    module = current = ""
    for line in PAGE.read_text().splitlines():
        if section := re.fullmatch(r"## (django_polyimages[\w.]*)", line):
            module = current = section[1]
            found[module] = set()
        elif directive := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            current = directive[1]
        elif directive := re.fullmatch(r"\.\. auto(?:class|data|exception|function):: (\S+)", line):
            full = directive[1] if "." in directive[1] else f"{current}.{directive[1]}"
            found[module] |= set() if full in INNER else {full}
        elif line.startswith("Also here: "):
            found[module] |= {f"{module}.{name}" for name in re.findall(r"`(\w+)`", line)}
    return found


@pytest.mark.parametrize("module", PUBLIC)
def test_what_is_documented_is_what_is_public(module):
    public = import_module(module)
    assert all(hasattr(public, name) for name in public.__all__)
    assert documented()[module] == {f"{module}.{name}" for name in public.__all__}


def test_no_other_module_is_documented_and_inner_names_exist():
    assert sorted(documented()) == PUBLIC
    for name in INNER:
        module, _dot, inner = name.rpartition(".")
        assert f".. autoclass:: {name}" in PAGE.read_text()
        assert hasattr(import_module(module), inner)
