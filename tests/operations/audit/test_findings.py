from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.operations.audit import Finding
from django_polyimages.operations.audit.findings import finding_of


@pytest.mark.parametrize(
    ("kind", "fixed", "is_left"),
    [
        ("orphan", False, True),
        ("orphan", True, False),
        ("shared_file", False, False),
        ("position", False, False),
    ],
)
def test_what_is_left_is_a_fault_that_was_not_fixed(kind, fixed, is_left):
    assert Finding(kind=kind, detail="", fixed=fixed).is_left is is_left


def test_a_finding_about_a_row_names_its_model_and_key():
    found = finding_of(Image(pk=7), "wrong_size", "cut", key="images/a.jpg")
    assert found == Finding(
        kind="wrong_size", model="polyimages.Image", id="7", key="images/a.jpg", detail="cut"
    )
