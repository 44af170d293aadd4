"""Images that wait for a worker. ``task_engine`` carries out its jobs when the test says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import transaction
from django.utils import timezone

from django_polyimages import VersionSpec
from django_polyimages.errors import Busy
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models.pending import LOST, due
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.signals import image_failed, image_ready
from tests.builders import uploaded
from tests.helpers import decodes, stored_keys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard():
    """The names of the signals that were sent, with the image's status in the database."""
    heard: list[tuple[str, str]] = []

    def ready(sender, image, **_kwargs):
        heard.append(("ready", sender.objects.get(pk=image.pk).status))

    def failed(sender, image, **_kwargs):
        heard.append(("failed", sender.objects.get(pk=image.pk).failure_reason))

    image_ready.connect(ready)
    image_failed.connect(failed)
    yield heard
    image_ready.disconnect(ready)
    image_failed.disconnect(failed)


def again(image: Image, **changes: object) -> Image:
    """The row as it is now, after ``changes``."""
    Image.objects.filter(pk=image.pk).update(**changes)
    return Image.objects.get(pk=image.pk)


def refusing(monkeypatch, name: str) -> None:
    """Let the storage refuse files with ``name`` in their key."""
    real = InMemoryStorage._save

    def save(self, key, content):
        if name in key:
            raise PermissionError
        return real(self, key, content)

    monkeypatch.setattr(InMemoryStorage, "_save", save)


def busy(owner, memory):
    raise Busy("Too many.", retry_after=1)


class TestAnUpload:
    def test_shows_the_smallest_version_until_a_worker_came(self, acme, task_engine):
        image = uploaded(acme, 3000, 2000)
        assert (image.status, list(image.versions)) == ("pending", ["thumb"])
        assert image.placeholder.startswith("data:")
        assert image.version("lg") == image.versions["thumb"]
        task_engine.work()
        image = again(image)
        assert (image.status, list(image.versions)) == ("ready", ["thumb", "sm", "md", "lg"])
        assert (image.attempts, image.next_attempt_at) == (0, None)
        assert sorted(image.keys) == stored_keys()

    def test_makes_the_same_versions_as_a_request(self, acme, task_engine, settings):
        image = uploaded(acme, 3000, 2000)
        task_engine.work()
        settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "inline"}
        whole = uploaded(acme, 3000, 2000)

        def described(image):
            return {
                name: (one.width, one.height, one.byte_size, one.digest)
                for name, one in image.versions.items()
            }

        assert described(again(image)) == described(whole)

    def test_is_one_job_in_plain_json_after_the_commit(self, acme, task_engine):
        with transaction.atomic():
            image = uploaded(acme)
            assert task_engine.waiting() == []
        assert task_engine.waiting() == [["generate", "polyimages.image", str(image.pk), "default"]]

    def test_that_is_rolled_back_is_no_job(self, acme, task_engine):
        with pytest.raises(RuntimeError), transaction.atomic():
            uploaded(acme)
            raise RuntimeError
        assert task_engine.waiting() == []
        assert stored_keys() == []

    def test_with_nothing_left_to_do_is_ready(self, acme, task_engine, settings):
        only = [VersionSpec("thumb", 160, 160)]
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": only}
        assert uploaded(acme).status == "ready"
        assert task_engine.waiting() == []

    def test_survives_an_engine_that_is_down(self, acme, settings, caplog):
        settings.POLYIMAGES = settings.POLYIMAGES | {"GENERATE": "tests.tasks.missing.give"}
        image = uploaded(acme)
        assert again(image).status == "pending"
        assert "tests.tasks.missing" in caplog.text


class TestAWorker:
    def test_that_is_woken_twice_works_once(self, acme, task_engine, monkeypatch):
        image = uploaded(acme)
        [job] = task_engine.waiting()
        task_engine.give(*job)
        with decodes(monkeypatch) as calls:
            task_engine.work()
        assert len(calls) == 1
        assert again(image).status == "ready"

    def test_leaves_an_image_to_another_one_that_has_claimed_it(self, acme, task_engine):
        image = uploaded(acme)
        again(image, next_attempt_at=timezone.now() + timedelta(minutes=14))
        task_engine.work()
        assert again(image).status == "pending"

    def test_finds_no_image_that_was_deleted(self, acme, task_engine):
        uploaded(acme).delete()
        task_engine.work()
        assert stored_keys() == []

    def test_takes_what_a_killed_one_had_claimed(self, acme, task_engine):
        image = uploaded(acme)
        image = again(image, attempts=1, next_attempt_at=timezone.now() - timedelta(seconds=1))
        Image.generate_pending(str(image.pk), using="default")
        assert again(image).status == "ready"

    def test_does_not_try_an_image_for_ever_that_kills_it(self, acme, task_engine, heard):
        image = uploaded(acme)
        again(image, attempts=5)
        task_engine.work()
        image = again(image)
        assert (image.status, image.failure_reason) == ("failed", LOST)
        assert heard == [("failed", LOST)]


class TestAClock:
    def test_that_is_behind_loses_no_job(self, acme, task_engine):
        image = uploaded(acme)
        again(image, next_attempt_at=timezone.now() + timedelta(seconds=30))
        task_engine.work()
        assert again(image).status == "ready"


class TestABusyWorker:
    def test_has_not_tried(self, acme, task_engine, monkeypatch, heard):
        image = uploaded(acme)
        again(image, attempts=4)
        with monkeypatch.context() as patch:
            patch.setattr("django_polyimages.pipeline.generation.slot", busy)
            task_engine.work()
        image = again(image)
        assert (image.status, image.attempts, heard) == ("pending", 4, [])
        Image.generate_pending(str(image.pk), using="default")
        assert again(image).status == "ready"


class TestAFailure:
    def test_is_tried_again_later_and_later_and_then_final(
        self, acme, task_engine, monkeypatch, heard
    ):
        image = uploaded(acme)
        refusing(monkeypatch, "_lg")
        waits = []
        for attempt in range(1, 5):
            Image.generate_pending(str(image.pk), using="default")
            image = again(image)
            assert (image.status, image.attempts) == ("pending", attempt)
            assert image.failure_reason == "PermissionError"
            waits.append(round((image.next_attempt_at - timezone.now()).total_seconds() / 60))
            again(image, next_attempt_at=timezone.now())
        assert waits == [1, 2, 4, 8]
        assert heard == []
        Image.generate_pending(str(image.pk), using="default")
        image = again(image)
        assert (image.status, image.failure_reason) == ("failed", "PermissionError")
        assert heard == [("failed", "PermissionError")]
        assert list(image.versions) == ["thumb", "sm", "md"]

    def test_is_not_due_at_once(self, acme, task_engine, monkeypatch):
        image = uploaded(acme)
        with monkeypatch.context() as patch:
            refusing(patch, "_lg")
            task_engine.work()
        assert not due(Image.objects.all()).exists()
        assert Image.generate_pending(str(image.pk), using="default") is None

    def test_is_forgotten_when_it_works(self, acme, task_engine, monkeypatch, heard):
        image = uploaded(acme)
        with monkeypatch.context() as patch:
            refusing(patch, "_lg")
            task_engine.work()
        again(image, next_attempt_at=timezone.now())
        Image.generate_pending(str(image.pk), using="default")
        image = again(image)
        assert (image.status, image.failure_reason, image.attempts) == ("ready", "", 0)
        assert heard == [("ready", "ready")]

    def test_of_an_original_that_is_gone_is_final_at_last(self, acme, task_engine, files):
        image = uploaded(acme)
        files.delete(image.key)
        again(image, attempts=4)
        task_engine.work()
        assert again(image).status == "failed"
        assert "FileNotFound" in again(image).failure_reason


class TestAFocalPoint:
    @pytest.fixture(autouse=True)
    def crops(self, settings) -> None:
        specs = [VersionSpec("sm", 640, 640), VersionSpec("square", 200, 200, mode="fill")]
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}

    def test_is_set_at_once_and_cropped_later(self, acme, task_engine):
        image = uploaded(acme, 900, 600)
        task_engine.work()
        image = again(image)
        old = image.versions["square"].key
        Image.objects.set_focal_point(image, 0.1, 0.1)
        image = again(image)
        assert (image.status, image.versions["square"].key) == ("pending", old)
        assert len(task_engine.waiting()) == 1
        task_engine.work()
        image = again(image)
        assert image.status == "ready"
        assert image.versions["square"].key != old
        assert sorted(image.keys) == stored_keys()

    def test_begins_the_attempts_again(self, acme, task_engine):
        image = uploaded(acme, 900, 600)
        again(image, attempts=5, status="failed", next_attempt_at=None)
        image = Image.objects.get()
        Image.objects.set_focal_point(image, 0.1, 0.1)
        task_engine.work()
        assert again(image).status == "ready"


class TestADeletion:
    def test_of_files_is_a_job(self, acme, task_engine):
        image = uploaded(acme)
        task_engine.work()
        again(image).delete()
        assert len(stored_keys()) == 5
        [[job, using, keys]] = task_engine.waiting()
        assert (job, using, len(keys)) == ("delete_files", "default", 1)
        task_engine.work()
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()

    def test_that_is_delivered_twice_is_carried_out_once(self, acme, task_engine, monkeypatch):
        uploaded(acme)
        task_engine.lose_all()
        Image.objects.all().delete()
        [job] = task_engine.waiting()
        asked = []

        def slow(keys, patience):
            asked.append(keys)
            task_engine.work()  # as a second worker, while this one waits for the storage
            return delete_files(keys, patience)

        monkeypatch.setattr("django_polyimages.models.deletions.delete_files", slow)
        task_engine.give(*job)
        task_engine.work()
        assert len(asked) == 1
        assert stored_keys() == []

    def test_of_many_images_is_a_job_for_a_hundred(self, acme, task_engine):
        for _number in range(3):
            uploaded(acme)
        task_engine.lose_all()
        Image.objects.all().delete()
        assert len(task_engine.waiting()) == 1
        task_engine.work()
        assert stored_keys() == []


def test_without_an_engine_a_killed_request_is_found_after_a_while(acme, settings):
    """Saving a focal point commits before the versions are generated."""
    specs = [VersionSpec("square", 200, 200, mode="fill")]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
    image = uploaded(acme, 900, 600)
    image.focal_x = 0.1
    image.await_versions()
    image.save(update_fields=["status", "attempts", "next_attempt_at"])
    assert not due(Image.objects.all()).exists()
    again(image, next_attempt_at=timezone.now())
    assert due(Image.objects.all()).get() == image


def test_a_request_that_generates_all_says_so(acme, heard):
    uploaded(acme)
    assert heard == [("ready", "ready")]
