"""The demo with a worker: what it has started ends with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.engines.site import PROJECT, children, kill

pytestmark = pytest.mark.slow
DEMO = {"database": ["manage.py"], "celery": ["with_redis.py", sys.executable, "manage.py"]}


@contextmanager
def demo(site):
    """As ``make demo-worker`` and ``make demo-celery`` start it in a terminal."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with site.log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *DEMO[site.engine], "demo", "--port", port],
            cwd=PROJECT, env=site.environment, stdout=output, stderr=output,
            start_new_session=True, preexec_fn=ctrl_c_works,
        )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def ctrl_c_works() -> None:
    """Also if the tests themselves are started so that they ignore it, as in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ctrl_c(process) -> None:
    os.killpg(process.pid, signal.SIGINT)  # the terminal tells all


def terminate(process) -> None:
    process.terminate()


ENDS = [("database", terminate), ("celery", terminate), ("celery", ctrl_c)]


@pytest.mark.parametrize(("site", "end"), ENDS, indirect=["site"])
def test_nothing_is_left_of_a_demo_that_has_ended(site, end):
    with demo(site) as process:
        site.wait(lambda: any("worker" in command for command in children(process).values()))
        started = children(process)
        assert any("redis-server" in command for command in started.values()) == (
            site.engine == "celery"
        )
        end(process)
        site.wait(lambda: process.poll() is not None)
        left = {pid: command for pid, command in started.items() if is_there(pid)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert left == {}


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
