"""Follows docs/start.md literally in a new project, and then the guide about uploads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import DOCS, PROJECT, Block, blocks_of

pytestmark = pytest.mark.slow
PAGE = DOCS / "start.md"
VISIT = PROJECT / "tests" / "visit_start.py"
UPLOADING = DOCS / "guides" / "uploading.md"
VISIT_UPLOADING = PROJECT / "tests" / "visit_uploading.py"
TYPED_BY_PEOPLE = ("pip ", "python manage.py createsuperuser", "python manage.py runserver")


def run(folder: Path, *arguments: str) -> str:
    """The output of a Python process without the settings of the tests."""
    environment = {name: value for name, value in os.environ.items() if name[:6] != "DJANGO"}
    environment["PYTHONPATH"] = f"{PROJECT / 'src'}{os.pathsep}{PROJECT}"
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(folder: Path, blocks: list[Block]) -> None:
    """Appends the blocks to the files that they name."""
    for block in blocks:
        path = folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"\n{block.code}")


def test_a_new_project_has_images_in_the_end(tmp_path):
    run(tmp_path, "-m", "django", "startproject", "mysite", ".")
    run(tmp_path, "manage.py", "startapp", "catalog")
    write(tmp_path, blocks_of(PAGE, "python", "django"))
    lines = [line for block in blocks_of(PAGE, "console") for line in block.code.splitlines()]
    commands = [line.removeprefix("$ ") for line in lines]
    typed = [command for command in commands if not command.startswith(TYPED_BY_PEOPLE)]
    assert len(typed) == 2
    for command in typed:
        run(tmp_path, *command.split()[1:])
    run(tmp_path, "manage.py", "check", "--fail-level", "WARNING")
    run(tmp_path, "manage.py", "makemigrations", "--check")
    assert run(tmp_path, str(VISIT)) == "shown\n"
    write(tmp_path, [block for block in blocks_of(UPLOADING, "python", "django") if block.path])
    run(tmp_path, "manage.py", "check", "--fail-level", "WARNING")
    assert run(tmp_path, str(VISIT_UPLOADING)) == "sent\n"
