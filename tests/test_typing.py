"""What type checkers know of the package, as a host sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.mark.slow
def test_mypy_knows_the_models_of_a_host():
    pytest.importorskip("mypy_django_plugin", reason="mypy is a tool of developers")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "tests/typed_host.py"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
