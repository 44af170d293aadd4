from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from django_polyimages.models import FileDeletion, Image, deletions
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_an_error_after_the_commit_is_not_the_caller_s(self, image, monkeypatch):
        monkeypatch.setattr(deletions, "delete_files", lambda keys: 1 / 0)
        with transaction.atomic():
            image.delete()
        assert not Image.objects.exists()
        assert FileDeletion.objects.get().keys == image.keys

    def test_that_the_storage_refuses_is_remembered_and_tried_again(self, image, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
            image.delete()
        assert not Image.objects.exists()
        assert {one.last_error for one in FileDeletion.objects.all()} == {"ZeroDivisionError"}
        assert str(FileDeletion.objects.first()).startswith("images/img_")
        FileDeletion.objects.carry_out(FileDeletion.objects.all())
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()

    def test_that_a_savepoint_of_the_host_undoes_keeps_the_files(self, image):
        """Django keeps the callbacks of a savepoint that is rolled back by hand."""
        with transaction.atomic():
            savepoint = transaction.savepoint()
            image.delete()
            transaction.savepoint_rollback(savepoint)
        assert stored_keys() == sorted(Image.objects.get().keys)


class TestTheNextAttempt:
    @pytest.fixture
    def refusing(self, monkeypatch) -> None:
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)

    def minutes_left(self) -> float:
        """Until the next attempt of the only deletion."""
        left = FileDeletion.objects.get().next_attempt_at - timezone.now()
        return round(left.total_seconds() / 60, 1)

    def test_is_a_minute_after_the_record(self, db):
        FileDeletion.objects.create(keys=["images/a.jpg"])
        assert (FileDeletion.objects.get().attempts, self.minutes_left()) == (0, 1)

    def test_waits_twice_as_long_after_each_refusal_up_to_a_day(self, db, refusing):
        FileDeletion.objects.create(keys=["images/a.jpg"])
        waits = []
        for attempts in range(1, 14):
            [refused] = FileDeletion.objects.carry_out(FileDeletion.objects.all())
            assert refused == FileDeletion.objects.get()
            assert FileDeletion.objects.get().attempts == attempts
            waits.append(self.minutes_left())
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440, 1440]

    def test_of_an_undo_is_the_second(self, db):
        FileDeletion.objects.note({"images/a.jpg": "AccessDenied"})
        assert (FileDeletion.objects.get().attempts, self.minutes_left()) == (1, 1)

    def test_decides_what_is_due(self, db):
        now = timezone.now()
        FileDeletion.objects.create(keys=["images/later.jpg"])
        due = FileDeletion.objects.create(keys=["images/now.jpg"], next_attempt_at=now)
        assert list(FileDeletion.objects.due(now)) == [due]
        assert FileDeletion.objects.due(now + timedelta(seconds=61)).count() == 2

    def test_keeps_the_name_of_the_original_for_the_next_time(self, db, refusing, monkeypatch):
        """The original went, a version did not, and then a row used the files again."""
        real = deletions.delete_files
        monkeypatch.setattr(deletions, "delete_files", lambda keys, _patience: real(list(keys)[1:]))
        FileDeletion.objects.create(keys=["images/0.jpg", "images/0_lg.webp"])
        FileDeletion.objects.carry_out(FileDeletion.objects.all())
        left = FileDeletion.objects.get()
        assert (left.keys, left.original) == (["images/0_lg.webp"], "images/0.jpg")


class TestAClaim:
    def test_is_given_once(self, db):
        FileDeletion.objects.create(keys=["images/a.jpg"])
        first, second = list(FileDeletion.objects.all()), list(FileDeletion.objects.all())
        assert FileDeletion.objects.claim(first) == first
        assert FileDeletion.objects.claim(second) == []

    def test_gives_what_others_have_left(self, db):
        mine, theirs = (FileDeletion.objects.create(keys=[f"images/{n}.jpg"]) for n in (1, 2))
        read = list(FileDeletion.objects.all())
        FileDeletion.objects.claim([theirs])
        assert FileDeletion.objects.claim(read) == [mine]

    def test_ends_where_its_process_was_killed(self, db):
        one = FileDeletion.objects.create(keys=["images/a.jpg"], next_attempt_at=timezone.now())
        FileDeletion.objects.claim([one])
        now = timezone.now()
        assert not FileDeletion.objects.due(now + timedelta(minutes=14)).exists()
        assert FileDeletion.objects.due(now + timedelta(minutes=16)).get() == one


def test_files_of_an_undo_that_a_row_uses_are_kept(image):
    """Whatever the order in which the storage refused them."""
    FileDeletion.objects.note(dict.fromkeys(image.keys[::-1], "AccessDenied"))
    assert FileDeletion.objects.carry_out(FileDeletion.objects.all()) == []
    assert stored_keys() == sorted(image.keys)
    assert not FileDeletion.objects.exists()


class TestWhatIsLeftOver:
    """What the storage refused to delete after a failed upload, while the database has trouble."""

    @pytest.fixture
    def waits(self, monkeypatch) -> list[float]:
        waits: list[float] = []
        monkeypatch.setattr("django_polyimages.models.deletions.time.sleep", waits.append)
        return waits

    def refusing_first(self, times: int):
        """Let the database refuse the first INSERTs, as one that is locked does."""
        refused = []

        def execute(execute, sql, *rest):
            if sql.startswith("INSERT") and len(refused) < times:
                refused.append(sql)
                raise OperationalError("database table is locked")
            return execute(sql, *rest)

        return connection.execute_wrapper(execute)

    @pytest.mark.django_db(transaction=True)
    def test_is_recorded_as_soon_as_the_database_is_free(self, waits):
        with self.refusing_first(3):
            FileDeletion.objects.note({"images/a.jpg": "AccessDenied"})
        assert FileDeletion.objects.get().keys == ["images/a.jpg"]
        assert len(waits) == 3

    @pytest.mark.django_db(transaction=True)
    def test_is_logged_if_that_does_not_happen(self, waits, caplog):
        with self.refusing_first(99):
            FileDeletion.objects.note({"images/a.jpg": "AccessDenied"})
        assert "Files left in the storage and not recorded: ['images/a.jpg']" in caplog.text
        assert not FileDeletion.objects.exists()
        assert sum(waits) < 10

    @pytest.mark.django_db
    def test_is_tried_once_within_a_transaction(self, waits, caplog):
        with self.refusing_first(1):
            FileDeletion.objects.note({"images/a.jpg": "AccessDenied"})
        assert "not recorded" in caplog.text
        assert not waits
