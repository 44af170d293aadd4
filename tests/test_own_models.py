"""``own_models`` is a host with its own image models: a separate project, run in its own process.

The models in use are determined when models are imported and cannot be overridden later.
To run a part of it: ``pytest --ds=tests.own_models.settings --confcutdir=tests/own_models
tests/own_models/test_api.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
HOST = PROJECT / "tests" / "own_models"
DOC = PROJECT / "docs" / "own-models.md"


@pytest.mark.slow
@pytest.mark.parametrize("host", ["own_models", "own_relation", "uses"])
def test_a_host_with_own_models(host):
    folder = PROJECT / "tests" / host
    options = [
        f"--ds=tests.{host}.settings",
        f"--confcutdir={folder}",  # not the fixtures for the example project
        *("-p", "no:cacheprovider"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", *options, str(folder)],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout


def test_the_code_in_the_document_is_the_hosts():
    blocks = re.findall(r"```python\n# (\S+)\n+(.*?)```", DOC.read_text(), re.DOTALL)
    names = {name for name, _block in blocks}
    assert {"settings.py", "archive/models.py", "archive/admin.py", "archive/views.py"} < names
    for name, block in blocks:
        written = (HOST / name).read_text().replace("tests.own_models.archive", "archive")
        for part in re.split(r"\n\n+(?=\S)", block.strip()):
            assert part in written, f"{name} has no such lines:\n{part}"
    assert DOC.read_text().count("```python") == len(blocks)
