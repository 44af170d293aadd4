"""The short form of the kills; ``make faults`` runs the long one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def campaign(server, tmp_path):
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {
            "FAULTS_S3": server.http,
            "DATABASE_URL": f"sqlite:///{tmp_path / 'faults.sqlite3'}",
        }
        command = [sys.executable, "-m", "tests.faults", *options]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    return run


def test_nothing_is_lost_or_left_by_kills_of_uploads_and_deletions(campaign):
    done = campaign("--short")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    head, _line, uploads, deletions, _all = figures
    named, left, noted = head.index("points"), head.index("objects left"), head.index("noted")
    # The kills have hit: there was something to find, and something to delete again.
    assert int(uploads[named]) >= 9
    assert int(uploads[left]) > 0
    assert int(deletions[named]) >= 7
    assert int(deletions[noted]) > 0


def test_protections_that_are_turned_off_are_missed(campaign):
    done = campaign("--without", "all", "--only", "note", "compare")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "given up and not noted" in done.stdout
    assert "left without a kill" in done.stdout
