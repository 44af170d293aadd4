"""What type checkers know of the package, as a host sees it.

``typed_host`` is checked outside of the project: what is installed is treated differently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
HOST = PROJECT / "tests" / "typed_host"
STUBS = {"oldest": "django-stubs==5.2.9", "newest": "django-stubs"}


def run(*command: object, **options) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=STUBS)
def stubs(request) -> str:
    return request.param


@pytest.fixture
def bin_of_host(stubs) -> Path:
    """The programs of a host that has the package and these stubs. Kept between runs."""
    pytest.importorskip("mypy_django_plugin", reason="done once, where developers have their tools")
    venv = PROJECT / ".typing" / f"{stubs}-{sys.version_info.major}.{sys.version_info.minor}"
    if not (venv / "bin" / "pip").exists():
        run(sys.executable, "-m", "venv", venv)
    needed = (STUBS[stubs], "mypy", "pyright", "django", "pillow")
    run(venv / "bin" / "pip", "install", "--quiet", "--upgrade", *needed)
    [packages] = venv.glob("lib/python*/site-packages")
    (packages / "django_polyimages.pth").write_text(str(PROJECT / "src"))
    return venv / "bin"


@pytest.mark.slow
def test_a_host_passes_mypy_and_pyright(bin_of_host, stubs, tmp_path):
    host = shutil.copytree(HOST, tmp_path / "host")
    if stubs == "oldest":
        shutil.rmtree(host / "press")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run(bin_of_host / "mypy", ".", cwd=host, env=clean | {"PYTHONPATH": str(host)})
    python = bin_of_host / "python"
    run(bin_of_host / "pyright", "--pythonpath", python, ".", cwd=host, env=clean)
