"""Many uploads, some of them bad: as many handles and threads afterwards, and no more memory."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from pathlib import Path
from statistics import linear_regression

import pytest

from django_polyimages.models import Image
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.api.calls import upload
from tests.drawing import photo, upload_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts handles in /proc"),
]
FAULTS = int(os.environ.get("FAULTS", "0"))
STEP = 10
LARGEST_SLOPE = 10 * 1024
"""Bytes an upload."""
BAD = [b"", b"noise" * 999, photo()[:3000], photo(60, 40)[:-200]]


def round_of_uploads(client) -> None:
    """Ten uploads, of which two are bad, and the deletion of the eight images."""
    for number in range(STEP):
        content = BAD[number % len(BAD)] if number % 5 == 4 else photo(600 + number, 500)
        assert upload(client, upload_of(content)).status_code == (400 if number % 5 == 4 else 200)
    Image.objects.all().delete()


def handles() -> Counter[str]:
    """What this process has open, each with how often."""
    found: Counter[str] = Counter()
    for one in Path("/proc/self/fd").iterdir():
        try:
            found[str(one.readlink())] += 1
        except FileNotFoundError:  # that of the listing itself
            continue
    return found


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_uploads_leave_no_handle_no_thread_and_no_memory(client, acme, settings, tmp_path, capsys):
    settings.STORAGES = settings.STORAGES | {
        "polyimages": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }
    round_of_uploads(client)  # starts the threads of the pools
    assert wait_for_removals(10)
    gc.collect()
    before, threads = handles(), threading.active_count()
    memory: list[int] = []
    for _round in range(max(FAULTS, STEP) // STEP):
        round_of_uploads(client)
        gc.collect()
        memory.append(resident())
    assert wait_for_removals(10)
    gc.collect()
    assert not handles() - before  # what an earlier test had open may be closed by now
    assert threading.active_count() <= threads
    if FAULTS:
        half = memory[len(memory) // 2 :]
        slope = linear_regression(range(0, STEP * len(half), STEP), half).slope
        with capsys.disabled():
            text = f"{FAULTS} uploads: {slope:.0f} bytes of memory an upload in the second half."
            print(text)  # noqa: T201
        assert slope < LARGEST_SLOPE
