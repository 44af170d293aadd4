from __future__ import annotations

import pytest

from tests.documents import PROJECT
from tests.side_by_side import LONGEST_FIRST, WITH_STORAGE, unit_of


@pytest.mark.parametrize("path", [*LONGEST_FIRST, *WITH_STORAGE])
def test_what_is_named_exists(path):
    """After a rename it would silently be run by any process, and last."""
    assert (PROJECT / path).exists()


def test_tests_with_the_same_browser_or_server_are_run_by_the_same_process():
    assert unit_of("tests/browser/test_inline.py::test_a") == "tests/browser/"
    assert unit_of("tests/storage/test_s3.py::TestB::test_c[x::y]") == "tests/storage/"
    assert unit_of("tests/operations/audit/test_run.py::test_d") == "tests/storage/"
    assert unit_of("tests/test_specs.py::test_e") == "tests/test_specs.py"
