from __future__ import annotations

import pytest

from django_polyimages.operations.audit import Finding


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
