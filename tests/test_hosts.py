"""Each host in ``tests/hosts`` is a separate project, run in its own process.

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
HOSTS = sorted(path.parent.name for path in PROJECT.glob("tests/hosts/*/settings.py"))


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
def test_a_host(host):
    folder = PROJECT / "tests" / "hosts" / host
    options = [
        f"--ds=tests.hosts.{host}.settings",
        f"--confcutdir={folder.parent}",  # not the fixtures for the example project
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
