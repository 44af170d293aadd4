"""``own_models`` is a host with image models of its own: a project and a process of its own.

Which models are in use is decided when models are imported; no override can switch it later.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
OWN_MODELS = PROJECT / "tests" / "own_models"
DOC = PROJECT / "docs" / "own-models.md"


def test_a_host_with_own_models():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--quiet",
            "-p",
            "no:cacheprovider",
            "--ds=tests.own_models.settings",
            f"--confcutdir={OWN_MODELS}",  # our fixtures are the example project's
            str(OWN_MODELS),
        ],  # fmt: skip
        cwd=PROJECT,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout
