"""``make fuzz``: runs schemathesis with the OpenAPI document of the example project.

Starts the demo with a temporary database and folder, logs in as an editor, and sends requests that
the document allows and many that it does not. Every response is compared with the document.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LIMIT = 900  # seconds
MANAGE = [sys.executable, str(PROJECT / "example_project" / "manage.py")]
TOKEN = "a" * 32  # for the CSRF check: the header must equal the cookie that fuzz_hooks sets
LOG_IN = (
    "from django.contrib.auth.models import User; from django.test import Client; c = Client();"
    " c.force_login(User.objects.get(username='demo')); print(c.cookies['sessionid'].value)"
)


def main(examples: int, seed: str = "") -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "MEDIA_ROOT": f"{folder}/media",
            "UPLOAD_RATE": "1000000/m",
        }
        subprocess.run([*MANAGE, "demo", "--no-server"], env=environment, check=True)
        shell = [*MANAGE, "shell", "--verbosity", "0", "--command", LOG_IN]
        session = subprocess.check_output(shell, env=environment, text=True).strip()
        root = f"http://127.0.0.1:{_free_port()}"
        serve = [*MANAGE, "runserver", "--noreload", root.removeprefix("http://")]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(serve, env=environment, stdout=log, stderr=log)
            try:
                _wait_for(root)
                return subprocess.call(
                    _schemathesis(root, examples, seed),
                    cwd=PROJECT / "tests",
                    env=environment | {"POLYIMAGES_SESSION": session},
                    timeout=LIMIT,
                )
            finally:
                server.kill()
                server.wait()


def _schemathesis(root: str, examples: int, seed: str) -> list[str]:
    program = str(Path(sys.executable).parent / "schemathesis")
    return [
        program,
        "run",
        f"{root}/api/v1/openapi.json",
        "--checks=all",
        f"--max-examples={examples}",
        "--generation-database=none",
        f"--header=X-CSRFToken: {TOKEN}",
        *([f"--seed={seed}"] if seed else []),
    ]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_for(root: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{root}/api/v1/openapi.json").close()
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The example project did not start.")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
