from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.test import TestCase

from django_polyimages.pipeline import threads
from tests.helpers import store_one, stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_commit_keeps_the_files():
    with transaction.atomic():
        store_one()
    gc.collect()
    assert len(stored_keys()) == 5


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_the_files_are_kept():
    store_one()
    gc.collect()
    assert len(stored_keys()) == 5


@pytest.mark.django_db(transaction=True)
def test_a_rollback_removes_the_files():
    with pytest.raises(RuntimeError), transaction.atomic():
        store_one()
        assert len(stored_keys()) == 5
        raise RuntimeError
    assert stored_keys() == []


@pytest.mark.django_db(transaction=True)
def test_set_rollback_removes_the_files():
    with transaction.atomic():
        store_one()
        transaction.set_rollback(True)
    assert stored_keys() == []


@pytest.mark.django_db(transaction=True)
def test_the_rollback_of_a_savepoint_removes_its_files_only():
    with transaction.atomic():
        store_one()
        with pytest.raises(RuntimeError), transaction.atomic():
            store_one()
            assert len(stored_keys()) == 10
            raise RuntimeError
        assert len(stored_keys()) == 5
    assert len(stored_keys()) == 5


@pytest.mark.django_db(transaction=True)
def test_a_callback_of_others_that_raises_after_the_commit_costs_no_files():
    """Django forgets the callbacks behind it, as it does after a rollback."""

    def fail():
        raise RuntimeError("no mail server")

    for first in (fail, store_one):
        with pytest.raises(RuntimeError), transaction.atomic():
            transaction.on_commit(first)
            store_one()
            transaction.on_commit(fail)
            store_one()
    gc.collect()
    assert len(stored_keys()) == 25


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_is_lost_keeps_the_files(monkeypatch):
    """The row may be in the database, and a row without its original would be a loss."""
    real = connection._commit

    def commit():
        real()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "_commit", commit)
    with pytest.raises(OperationalError), transaction.atomic():
        store_one()
    assert len(stored_keys()) == 5


@pytest.mark.django_db(transaction=True)
def test_the_collector_may_find_a_rolled_back_upload_while_a_lock_is_held():
    """It may run inside of ``ThreadPoolExecutor.submit``, which is not to wait for itself."""
    with pytest.raises(RuntimeError), transaction.atomic():
        store_one()
        _savepoints, callback, _robust = connection.run_on_commit[-1]
        callback.itself = callback  # only the collector finds it
        del callback
        raise RuntimeError
    assert len(stored_keys()) == 5

    def collect():
        with threads._lock:
            gc.collect()

    collecting = threading.Thread(target=collect, daemon=True)
    collecting.start()
    collecting.join(10)
    assert not collecting.is_alive()
    assert stored_keys() == []


def test_callbacks_of_others_do_not_run_early():
    early = []
    transaction.on_commit(lambda: early.append("theirs"))
    with TestCase.captureOnCommitCallbacks(execute=True) as captured:
        store_one()
    assert early == []
    assert len(captured) == 1


@pytest.mark.django_db(transaction=True)
def test_callbacks_of_others_run_once_and_in_their_order(caplog):
    order = []

    def fail():
        order.append("robust")
        raise RuntimeError

    with transaction.atomic():
        transaction.on_commit(fail, robust=True)
        store_one()
        transaction.on_commit(lambda: order.append("second"))
        store_one()
    assert order == ["robust", "second"]
    assert "test_callbacks_of_others_run_once_and_in_their_order.<locals>.fail" in caplog.text
    gc.collect()
    assert len(stored_keys()) == 10


COMMAND = """
import sys
import django
django.setup()
from django.db import transaction
from tests.helpers import store_one, stored_keys
with transaction.atomic():
    store_one()
    print(len(stored_keys()))
    sys.exit(3)
"""


def test_a_command_that_ends_with_its_rollback_leaves_nothing(tmp_path):
    project = Path(__file__).parent.parent.parent
    folders = [str(project / "src"), str(project), str(project / "example_project")]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "MEDIA_ROOT": str(tmp_path),
            "DATABASE_URL": "sqlite://:memory:",
            "PYTHONPATH": os.pathsep.join(folders),
        },
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("5\n", "", 3)
    assert list((tmp_path / "images").iterdir()) == []
