"""The short form of the fuzzing; ``make faults`` runs the long one."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers import skip


@pytest.mark.slow
def test_finds_nothing_in_the_pictures_from_which_it_starts():
    if find_spec("atheris") is None:
        skip("atheris is not installed")
    script = Path(__file__).with_name("fuzz_inspection.py")
    command = [sys.executable, str(script), "0", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "number_of_executed_units" in done.stdout
    assert "nothing found" in done.stdout
