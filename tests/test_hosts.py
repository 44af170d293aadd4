"""Each host in ``tests/hosts`` is a separate project, run in its own process.

The models in use are determined when models are imported and cannot be overridden later.
To run a part of one: ``pytest --ds=tests.hosts.own_images_name.settings --confcutdir=tests/hosts
tests/hosts/own_images_name/test_names.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "tests" / "hosts"
HOSTS = sorted(path.parent.name for path in FOLDER.glob("*/settings.py"))
DOC = PROJECT / "docs" / "own-models.md"


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
def test_a_host(host):
    options = [
        f"--ds=tests.hosts.{host}.settings",
        f"--confcutdir={FOLDER}",  # not the fixtures for the example project
        *("-p", "no:cacheprovider"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", *options, str(FOLDER / host)],
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
        written = (FOLDER / "own_models" / name).read_text()
        written = written.replace("tests.hosts.own_models.archive", "archive")
        for part in re.split(r"\n\n+(?=\S)", block.strip()):
            assert part in written, f"{name} has no such lines:\n{part}"
    assert DOC.read_text().count("```python") == len(blocks)
