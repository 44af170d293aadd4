"""How ``pytest -n`` shares the tests among processes with ``--dist loadfile``.

What needs the same browser or server stays together, and what takes longest comes first, so that no
process has to wait for another one at the end. The order of everything else stays random.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

LONGEST_FIRST = (
    "tests/browser/",
    "tests/faults/",
    "tests/engines/",
    "tests/test_hosts.py",
    "tests/api/test_access_matrix.py",
    "tests/storage/",
    "tests/test_typing.py",
    "tests/test_typescript.py",
    "tests/test_silent_storage.py",
    "tests/pixels/test_memory.py",
)
"""Folders and files, each run as a whole by one process."""
WITH_STORAGE = ("tests/operations/audit/test_run.py",)
"""Files elsewhere that use the server of ``tests/storage/``."""


def unit_of(nodeid: str) -> str:
    """The folder or file that is run by the same process as this test."""
    file = nodeid.partition("::")[0]
    if file in WITH_STORAGE:
        return "tests/storage/"
    return next((unit for unit in LONGEST_FIRST if file.startswith(unit)), file)


class ByUnit(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByUnit | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # not by the number of tests
    return ByUnit(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first, and the rest as shuffled. Without ``-n`` everything stays as it is."""
    places = {unit: place for place, unit in enumerate(LONGEST_FIRST)}
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: places.get(unit_of(item.nodeid), len(places)))
