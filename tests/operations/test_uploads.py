from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from django.utils import timezone

from django_polyimages.models import PendingUpload
from django_polyimages.models.upload_manager import UPLOAD_TIME
from django_polyimages.operations import uploads
from django_polyimages.operations.audit import AuditPlan, audit
from django_polyimages.operations.timing import Stop
from django_polyimages.operations.uploads import (
    SLACK,
    plan_uploads,
    strays,
    sweep_strays,
    sweep_uploads,
)
from django_polyimages.storage.incoming import new_incoming_key
from tests.helpers import stored_keys
from tests.sending import INCOMING, begin, sent

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def end(upload: PendingUpload, ago: timedelta = SLACK) -> PendingUpload:
    """Its time has been over since then."""
    PendingUpload.objects.filter(pk=upload.pk).update(expires_at=timezone.now() - ago)
    return upload


@pytest.fixture
def old(monkeypatch) -> None:
    """Every file was sent two hours ago."""
    then = timezone.now() - timedelta(hours=2)
    monkeypatch.setattr(InMemoryStorage, "get_modified_time", lambda *args: then)


def put(files: Storage) -> str:
    """A file that was sent to a place that is no longer there."""
    return files.save(new_incoming_key(), ContentFile(b"late"))


class TestSweeping:
    def test_ends_uploads_whose_time_is_over(self, acme):
        unused, unsent = end(sent()), end(begin(b"a"))
        open_one = sent()
        plan = plan_uploads()
        assert plan.rows == 2
        assert {one.key for one in sweep_uploads(plan)} == {unused.key, unsent.key}
        assert stored_keys(folder=INCOMING) == [open_one.key]
        assert PendingUpload.objects.get() == open_one

    def test_leaves_a_completion_alone_that_may_be_under_way(self):
        end(sent(), SLACK - timedelta(seconds=30))
        assert plan_uploads().rows == 0

    def test_deletes_what_was_sent_again_after_it_was_used(self, acme, files):
        upload = sent(organization=acme)
        image = upload.complete()
        files.delete(upload.key)
        files.save(upload.key, ContentFile(b"late"))
        assert list(sweep_uploads(plan_uploads())) == []
        end(upload)
        assert [one.key for one in sweep_uploads(plan_uploads())] == [upload.key]
        assert stored_keys(folder=INCOMING) == []
        assert stored_keys() == sorted(image.keys)

    def test_keeps_a_row_whose_file_the_storage_does_not_delete(self, monkeypatch):
        upload = end(sent())
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
            [result] = sweep_uploads(plan_uploads())
        assert (result.key, result.reason) == (upload.key, "ZeroDivisionError")
        assert list(sweep_uploads(plan_uploads()))
        assert not PendingUpload.objects.exists()
        assert stored_keys(folder=INCOMING) == []

    def test_goes_on_after_a_batch_that_was_refused(self, monkeypatch):
        monkeypatch.setattr(uploads, "_AT_ONCE", 1)
        for _ in range(3):
            end(sent())
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
        assert len(list(sweep_uploads(plan_uploads()))) == 3

    def test_begins_nothing_when_it_should_stop(self):
        end(sent())
        assert list(sweep_uploads(plan_uploads(), stop=Stop(0))) == []


class TestStrays:
    def test_are_old_files_without_a_row(self, files, old):
        kept, late = sent(), put(files)
        files.save(f"{INCOMING}/of-the-host.txt", ContentFile(b"x"))
        assert list(strays()) == [late]
        assert [one.key for one in sweep_strays()] == [late]
        assert stored_keys(folder=INCOMING) == sorted([kept.key, f"{INCOMING}/of-the-host.txt"])

    def test_are_found_without_time_zones_too(self, files, settings):
        late = put(files)
        settings.USE_TZ = False
        assert list(strays()) == []
        assert list(strays(slack=-2 * UPLOAD_TIME)) == [late]

    def test_are_those_of_two_requests_that_have_sent_the_same_file(self, files, old):
        upload = sent()
        second = files.save(upload.key, ContentFile(b"second"))
        assert second != upload.key
        assert list(strays()) == [second]

    def test_are_not_new(self, files):
        put(files)
        assert list(strays()) == []

    def test_may_belong_to_a_row_in_another_database(self, files, old):
        PendingUpload.objects.using("other").create(key=put(files), byte_size=1)
        assert list(strays()) == []

    def test_that_the_storage_does_not_delete_are_named(self, files, old, monkeypatch):
        late = put(files)
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
        [result] = sweep_strays()
        assert (result.key, result.reason) == (late, "ZeroDivisionError")


def test_the_audit_leaves_incoming_files_alone(files, old):
    upload, late = sent(), put(files)
    assert list(audit(AuditPlan(fix=True, grace=timedelta(seconds=-60)))) == []
    assert stored_keys(folder=INCOMING) == sorted([upload.key, late])
