from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save
from django.test import TestCase

from django_polyimages.models import Image
from django_polyimages.pipeline import rollback, threads
from tests.drawing import photo, upload_of
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
try:
    with transaction.atomic():
        store_one()
        print(len(stored_keys()))
        raise RuntimeError
except RuntimeError:
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
            "MEDIA_ROOT": str(tmp_path / "media"),
            "DATABASE_URL": "sqlite://:memory:",
            "PYTHONPATH": os.pathsep.join(folders),
        },
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("4\n", "", 3)
    assert list((tmp_path / "media" / "images").iterdir()) == []
    assert list((tmp_path / "originals" / "images").iterdir()) == []


@pytest.mark.django_db(transaction=True)
class TestWhatMayBeCommitted:
    """A row without its original is a loss, so the files are kept where nobody can know."""

    def test_an_interrupt_during_the_commit(self, monkeypatch):
        real = connection._commit

        def commit():
            real()
            raise KeyboardInterrupt

        monkeypatch.setattr(connection, "_commit", commit)
        try:
            store_one()
        except KeyboardInterrupt:
            connection.run_on_commit.clear()  # as the end of a command does, which closes it
        assert len(stored_keys()) == 5

    def test_a_transaction_that_the_host_commits_by_hand(self):
        transaction.set_autocommit(False)
        try:
            with transaction.atomic():
                store_one()
            transaction.commit()
            connection.run_on_commit = []  # as a later rollback does
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)
        gc.collect()
        assert len(stored_keys()) == 5

    def test_a_transaction_of_the_process_before_the_fork(self):
        with pytest.raises(RuntimeError), transaction.atomic():
            store_one()
            for _savepoints, callback, _robust in connection.run_on_commit:
                callback.transaction.process = -1
            raise RuntimeError
        assert len(stored_keys()) == 5

    def test_a_callback_of_others_that_raises_after_the_upload_alone(self, acme):
        """In autocommit the callback runs inside of upload(), and the row is in."""

        def fail(**_arguments):
            transaction.on_commit(lambda: 1 / 0)

        post_save.connect(fail, sender=Image)
        try:
            with pytest.raises(ZeroDivisionError):
                Image.objects.upload(upload_of(photo()), organization=acme)
        finally:
            post_save.disconnect(fail, sender=Image)
        assert stored_keys() == sorted(Image.objects.get().keys)


@pytest.mark.django_db(transaction=True)
class TestAReceiverThatRaises:
    @pytest.fixture(autouse=True)
    def failing(self):
        def fail(**_arguments):
            raise PermissionError

        post_save.connect(fail, sender=Image)
        yield
        post_save.disconnect(fail, sender=Image)

    def test_undoes_the_row_and_the_files(self, acme):
        with pytest.raises(PermissionError):
            Image.objects.upload(upload_of(photo()), organization=acme)
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_whose_error_the_caller_catches_in_a_transaction(self, acme):
        with transaction.atomic():
            with pytest.raises(PermissionError):
                Image.objects.upload(upload_of(photo()), organization=acme)
            acme.name = "goes on"
            acme.save()
        assert not Image.objects.exists()
        assert stored_keys() == []


class Callback:
    """A callback of a host that has attributes of its own."""

    function = state = transaction = "mine"

    def __init__(self) -> None:
        self.calls = 0
        self.function = self.state = self.transaction = "its own"

    def __call__(self) -> None:
        self.calls += 1


@pytest.mark.django_db(transaction=True)
def test_a_callback_of_others_is_called_whatever_attributes_it_has():
    theirs = Callback()
    with transaction.atomic():
        transaction.on_commit(theirs)
        store_one()
    assert theirs.calls == 1
    gc.collect()
    assert len(stored_keys()) == 5


def test_callbacks_that_a_test_has_run_are_no_commit():
    with TestCase.captureOnCommitCallbacks(execute=True):
        store_one()
    with pytest.raises(RuntimeError), transaction.atomic():
        store_one()
        raise RuntimeError
    assert len(stored_keys()) == 5


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_cannot_be_connected_does_not_stop_later_removals(monkeypatch):
    def roll_back_one():
        with pytest.raises(RuntimeError), transaction.atomic():
            store_one()
            raise RuntimeError

    with monkeypatch.context() as patch:
        with pytest.raises(RuntimeError), transaction.atomic():
            store_one()
            patch.setattr("django_polyimages.storage.connect", lambda: 1 / 0)
            raise RuntimeError
        assert stored_keys() == []
    roll_back_one()
    assert stored_keys() == []


def test_removals_that_wait_for_a_silent_storage_are_carried_out_together(monkeypatch):
    """Each alone would wait for as long as the storage is silent."""
    asked, go_on = [], threading.Event()

    def delete_files(keys):
        asked.append(list(keys))
        assert go_on.wait(10)
        return dict.fromkeys(keys, "TimeoutError")

    monkeypatch.setattr(rollback, "delete_files", delete_files)
    mine, theirs, first = {}, {}, {}
    tell_mine, tell_theirs = mine.update, theirs.update
    rollback.remove_soon(["first"], first.update)
    while not asked:
        time.sleep(0.01)
    rollback.remove_soon(["a", "b"], tell_mine)
    rollback.remove_soon(["c"], tell_theirs)
    rollback.remove_soon(["d"], tell_mine)
    go_on.set()
    assert rollback.wait_for_removals(10)
    assert asked == [["first"], ["a", "b", "c", "d"]]
    assert mine == dict.fromkeys("abd", "TimeoutError")
    assert theirs == {"c": "TimeoutError"}


class Recorder(InMemoryStorage):
    """A fake of S3 as a host's tests have one: what is sent to it after its end is noticed."""

    deleted: list[str] = []

    def delete(self, name):
        self.deleted.append(name)
        super().delete(name)


def run_as_django_does(case: type[TestCase]) -> unittest.TestResult:
    """Run the tests of the class as a host's test runner does, and wait for removals."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case)(result)
    assert rollback.wait_for_removals(10)
    return result


class TestATestCase:
    @pytest.fixture(autouse=True)
    def recorder(self, settings):
        fake = {"BACKEND": f"{__name__}.Recorder"}
        settings.STORAGES = settings.STORAGES | {"polyimages": fake}
        del Recorder.deleted[:]

    @pytest.mark.parametrize("execute", [False, True])
    def test_sends_nothing_to_the_storage_when_it_ends(self, execute):
        class Uploads(TestCase):
            @classmethod
            def setUpTestData(cls):
                store_one()

            def test_alone(self):
                store_one()

            def test_in_a_transaction(self):
                with transaction.atomic():
                    store_one()

            def test_with_callbacks(self):
                with self.captureOnCommitCallbacks(execute=execute):
                    store_one()

        result = run_as_django_does(Uploads)
        assert (result.testsRun, result.errors, result.failures) == (3, [], [])
        assert Recorder.deleted == []

    def test_still_removes_what_the_host_rolls_back(self):
        class RollsBack(TestCase):
            def test_it(self):
                with contextlib.suppress(RuntimeError), transaction.atomic():
                    store_one()
                    raise RuntimeError
                assert stored_keys() == []

        result = run_as_django_does(RollsBack)
        assert (result.testsRun, result.errors, result.failures) == (1, [], [])
        assert len(Recorder.deleted) == 5
