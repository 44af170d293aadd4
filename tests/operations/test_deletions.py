from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.db import connection, transaction
from django.utils import timezone
from storages.backends.s3 import S3Storage

from django_polyimages.models import FileDeletion, Image
from django_polyimages.models.deletions import FileDeletionManager
from django_polyimages.operations.deletions import carry_out, plan_deletions, plan_these
from django_polyimages.operations.timing import Stop
from tests.builders import uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db
PAST = timedelta(minutes=5)


def deletions_of(*keys: str, last_error: str = "", **fields) -> list[FileDeletion]:
    """A deletion of each key that is due."""
    fields = {"next_attempt_at": timezone.now() - PAST, "last_error": last_error} | fields
    return FileDeletion.objects.bulk_create(FileDeletion(keys=[key], **fields) for key in keys)


def refuse(*args: object) -> None:
    raise PermissionError


class TestAPlan:
    def test_counts_what_is_due_and_changes_nothing(self, image):
        deletions_of("images/a.jpg", last_error="AccessDenied")
        [oldest] = deletions_of("images/b.jpg", last_error="AccessDenied")
        FileDeletion.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - PAST)
        oldest.refresh_from_db()
        FileDeletion.objects.create(keys=image.keys, next_attempt_at=timezone.now() - PAST)
        FileDeletion.objects.create(keys=["images/new.jpg"])
        before = list(FileDeletion.objects.order_by("pk").values())
        plan = plan_deletions()
        assert (plan.rows, plan.files, plan.not_due) == (3, 7, 1)
        assert plan.oldest == oldest.created_at
        assert plan.reasons == {"AccessDenied": 2, "not tried yet": 1}
        assert list(FileDeletion.objects.order_by("pk").values()) == before
        assert stored_keys() == sorted(image.keys)

    def test_of_everything_includes_what_is_not_due(self, db):
        FileDeletion.objects.create(keys=["images/new.jpg"])
        plan = plan_deletions(everything=True)
        assert (plan.rows, plan.not_due) == (1, 0)

    def test_of_nothing_is_empty(self, db):
        plan = plan_deletions()
        assert (plan.rows, plan.files, plan.oldest, plan.reasons) == (0, 0, None, {})
        assert list(carry_out(plan)) == []

    @pytest.mark.django_db(databases=["default", "other"])
    def test_is_for_one_database(self, db):
        FileDeletion.objects.using("other").create(keys=["images/there.jpg"])
        assert plan_deletions(everything=True).rows == 0
        [done] = carry_out(plan_deletions(everything=True, using="other"))
        assert (done.files, done.left) == (1, 0)
        assert not FileDeletion.objects.using("other").exists()


@pytest.mark.django_db(transaction=True)
class TestCarryingOut:
    def test_deletes_what_a_storage_refused_before(self, image, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryStorage, "delete", refuse)
            image.delete()
            FileDeletion.objects.update(next_attempt_at=timezone.now() - PAST)
            [refused] = carry_out(plan_deletions())
        assert (refused.files, refused.left, refused.reason) == (0, 5, "PermissionError")
        assert FileDeletion.objects.get().attempts == 2
        assert list(carry_out(plan_deletions())) == []  # it is not due any more
        assert len(stored_keys()) == 5
        [done] = carry_out(plan_deletions(everything=True))
        assert (done.key, done.files, done.left, done.reason) == (refused.key, 5, 0, "")
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()
        assert list(carry_out(plan_deletions(everything=True))) == []

    def test_deletes_what_an_undo_has_noted(self, files):
        files.save("images/left.jpg", ContentFile(b"x"))
        FileDeletion.objects.note({"images/left.jpg": "ConnectionResetError"})
        FileDeletion.objects.update(next_attempt_at=timezone.now() - PAST)
        assert [one.files for one in carry_out(plan_deletions())] == [1]
        assert stored_keys() == []

    def test_of_everything_tries_each_once(self, monkeypatch):
        monkeypatch.setattr("django_polyimages.operations.deletions.AT_ONCE", 2)
        monkeypatch.setattr(InMemoryStorage, "delete", refuse)
        deletions_of(*(f"images/{number}.jpg" for number in range(5)))
        assert len(list(carry_out(plan_deletions(everything=True)))) == 5
        assert {one.attempts for one in FileDeletion.objects.all()} == {1}

    def test_leaves_alone_what_is_new(self, image, monkeypatch):
        """Its process is between its commit and the answer of the storage."""
        FileDeletion.objects.create(keys=image.keys)
        assert list(carry_out(plan_deletions())) == []
        assert len(stored_keys()) == 5

    def test_keeps_what_a_row_uses_again(self, image):
        deletions_of(image.key)
        assert [one.left for one in carry_out(plan_deletions())] == [0]
        assert stored_keys() == sorted(image.keys)
        assert not FileDeletion.objects.exists()

    def test_asks_the_storage_outside_a_transaction(self, monkeypatch):
        seen = []
        real = FileDeletionManager.carry_out

        def watched(self, claimed, patience):
            seen.append(transaction.get_connection(self.db).in_atomic_block)
            return real(self, claimed, patience)

        monkeypatch.setattr(FileDeletionManager, "carry_out", watched)
        deletions_of("images/a.jpg")
        list(carry_out(plan_deletions()))
        assert seen == [False]

    def test_begins_no_batch_when_it_is_stopped(self, monkeypatch):
        monkeypatch.setattr("django_polyimages.operations.deletions.AT_ONCE", 2)
        deletions_of(*(f"images/{number}.jpg" for number in range(5)))
        stop = Stop()
        running = carry_out(plan_deletions(), stop=stop)
        next(running)
        stop.ask()
        assert len(list(running)) == 1
        assert FileDeletion.objects.count() == 3

    def test_keeps_the_rate(self, monkeypatch):
        slept: list[float] = []
        monkeypatch.setattr(Stop, "sleep", lambda _self, seconds: slept.append(seconds))
        deletions_of(*(f"images/{number}.jpg" for number in range(3)))
        assert len(list(carry_out(plan_deletions(), rate=0.01))) == 3
        assert [round(seconds, -2) for seconds in slept] == [100, 200, 300]
        assert FileDeletion.objects.count() == 0

    def test_may_be_stopped_and_goes_on(self, monkeypatch):
        monkeypatch.setattr("django_polyimages.operations.deletions.AT_ONCE", 2)
        deletions_of(*(f"images/{number}.jpg" for number in range(5)))
        running = carry_out(plan_deletions())
        next(running)
        running.close()
        assert FileDeletion.objects.count() == 3
        assert len(list(carry_out(plan_deletions()))) == 3

    def test_takes_those_that_were_chosen(self, files):
        a, _b = deletions_of("images/a.jpg", "images/b.jpg")
        chosen = plan_these(FileDeletion.objects.filter(pk=a.pk))
        assert [one.key for one in carry_out(chosen)] == [a.pk]
        assert FileDeletion.objects.get().keys == ["images/b.jpg"]

    @pytest.mark.parametrize("everything", [False, True])
    def test_leaves_to_another_command_what_that_has_claimed(self, monkeypatch, everything):
        """The other one runs after this one has read the rows, and before it claims them."""
        real, deleted = FileDeletionManager.claim, []
        monkeypatch.setattr(InMemoryStorage, "delete", lambda _self, key: deleted.append(key))

        def overtaken(self, found):
            monkeypatch.setattr(FileDeletionManager, "claim", real)
            others.extend(FileDeletion.objects.claim(list(FileDeletion.objects.all())))
            return real(self, found)

        others: list[FileDeletion] = []
        monkeypatch.setattr(FileDeletionManager, "claim", overtaken)
        deletions_of("images/a.jpg", "images/b.jpg")
        assert list(carry_out(plan_deletions(everything=everything))) == []
        assert (len(others), deleted) == (2, [])


class FakeBucket:
    """Records the requests of S3 and refuses everything while it is ``down``."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.down = True

    def delete_objects(self, Delete):
        self.requests.append(len(Delete["Objects"]))
        if self.down:
            answer = {
                "Error": {"Code": "SlowDown"},
                "ResponseMetadata": {"HTTPStatusCode": 503},
            }
            raise ClientError(answer, "DeleteObjects")
        return {}


@pytest.mark.django_db(transaction=True)
def test_on_s3_a_request_deletes_a_thousand_files(settings, monkeypatch):
    bucket = FakeBucket()
    entry = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "photos"}}
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    monkeypatch.setattr(S3Storage, "bucket", bucket)
    deletions_of(*(f"images/{number}.jpg" for number in range(2500)))
    assert Counter(one.reason for one in carry_out(plan_deletions())) == {"SlowDown": 2500}
    assert bucket.requests == [1000, 1000, 500]
    bucket.down = False
    assert sum(one.files for one in carry_out(plan_deletions(everything=True))) == 2500
    assert bucket.requests == [1000, 1000, 500] * 2
    assert not FileDeletion.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="threads share no SQLite database in memory"
)
class TestSimultaneousProcesses:
    @pytest.mark.parametrize("round", range(10))
    @pytest.mark.parametrize("everything", [False, True])
    def test_delete_each_file_once(self, monkeypatch, everything, round):
        monkeypatch.setattr("django_polyimages.operations.deletions.AT_ONCE", 50)
        deleted: list[str] = []
        monkeypatch.setattr(InMemoryStorage, "delete", lambda _self, key: deleted.append(key))
        keys = [f"images/{number}.jpg" for number in range(200)]
        deletions_of(*keys)
        results = at_once(4, lambda: list(carry_out(plan_deletions(everything=everything))))
        assert sum(len(result) for result in results) >= 200
        assert set(deleted) == set(keys)
        if not everything:
            assert len(deleted) == 200
        assert not FileDeletion.objects.exists()

    @pytest.mark.parametrize("round", range(5))
    def test_beside_deletions_of_the_site_leave_nothing(self, acme, monkeypatch, round):
        for _number in range(4):
            uploaded(acme)
        deletions_of(*(f"images/{number}.jpg" for number in range(20)))
        at_once(
            4,
            lambda: list(carry_out(plan_deletions(everything=True))),
            lambda: Image.objects.all().delete(),
        )
        list(carry_out(plan_deletions(everything=True)))
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()

    def test_do_not_see_what_is_not_committed(self, image):
        with transaction.atomic():
            image.delete()
            FileDeletion.objects.update(next_attempt_at=timezone.now() - PAST)
            assert at_once(1, lambda: list(carry_out(plan_deletions(everything=True)))) == [[]]
            assert len(stored_keys()) == 5
        assert stored_keys() == []


def at_once(times: int, *works: Callable[[], object]) -> list[Any]:
    """Run each of them so many times at once, in threads with connections of their own."""
    barrier = threading.Barrier(times * len(works))

    def run(work: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(barrier.parties) as threads:
        return list(threads.map(run, works * times))
