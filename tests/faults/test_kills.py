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


UPLOAD = (
    "after PUT of the original 1",
    *(f"after PUT of a version {number}" for number in range(1, 6)),
    "after INSERT image 1",
    "after COMMIT 1",
)
DELETE = (
    "after INSERT filedeletion 1",
    "after DELETE image 1",
    "after COMMIT 1",
    "after DELETE of many files 1",
    "after DELETE filedeletion 1",
)


def test_nothing_is_lost_or_left_by_kills_of_uploads_and_deletions(campaign):
    done = campaign("--short")
    assert done.returncode == 0, done.stdout + done.stderr
    points = [line.strip().split(", ") for line in done.stdout.splitlines() if line[:2] == "  "]
    assert len(points) == 2
    assert set(UPLOAD) <= set(points[0])
    assert set(DELETE) <= set(points[1])
    table = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    head, _line, uploads, deletions, _all = table
    # The kills have hit: there was something to find, and something to delete again.
    assert int(uploads[head.index("objects left")]) > 0
    assert int(deletions[head.index("noted")]) > 0


def test_protections_that_are_turned_off_are_missed(campaign):
    done = campaign("--without", "all", "--only", "note", "compare")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "given up and not noted" in done.stdout
    assert "left without a kill" in done.stdout
