"""Making versions again: after another spec, another focal point, or a failure."""

from __future__ import annotations

import io
import re
from concurrent.futures import Future

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import transaction
from django.db.models import Value
from PIL import Image as PillowImage

from django_polyimages import VersionSpec
from django_polyimages.models import FileDeletion, Image, Regeneration
from django_polyimages.pipeline import generation
from django_polyimages.pipeline.slots import slot
from django_polyimages.specs import DEFAULT_VERSIONS
from organizations.models import Organization
from tests.drawing import BLUE, GREEN, RED, YELLOW, corners, looks_like, photo, upload_of
from tests.helpers import read, stored_keys

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])
SQUARE = VersionSpec("square", 100, 100, quality=95, mode="fill")


@pytest.fixture
def versions(settings):
    """Puts other specs in force."""

    def put(*specs: VersionSpec) -> None:
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": list(specs)}

    return put


def regenerate(image, **options) -> Regeneration:
    return Image.objects.regenerate(image, **options)


def test_an_image_that_is_complete_costs_nothing(image, django_assert_num_queries):
    before = stored_keys()
    with django_assert_num_queries(1):
        assert regenerate(image) == Regeneration([])
    assert stored_keys() == before


def test_a_changed_spec_gets_a_new_file_and_the_others_stay(image, versions):
    before = dict(image.versions)
    versions(VersionSpec("thumb", 80, 80), *DEFAULT_VERSIONS[1:])
    assert regenerate(image) == Regeneration(["thumb"])
    image.refresh_from_db()
    stem = image.key.removesuffix(".jpg")
    assert re.fullmatch(rf"{stem}_thumb-[0-9a-f]{{6}}\.webp", image.versions["thumb"].key)
    assert (image.versions["thumb"].width, image.versions["thumb"].height) == (80, 60)
    assert {name: image.versions[name] for name in ("sm", "md", "lg")} == {
        name: before[name] for name in ("sm", "md", "lg")
    }
    assert stored_keys() == sorted(image.keys)
    assert not FileDeletion.objects.exists()


def test_a_version_that_nobody_asks_for_any_more_is_removed(image, versions):
    versions(*DEFAULT_VERSIONS[:2])
    assert regenerate(image) == Regeneration([])
    assert list(image.versions) == ["thumb", "sm"]
    assert stored_keys() == sorted(image.keys)


def test_only_some_versions_are_generated_and_an_image_keeps_its_status_until_all_are(
    image, versions
):
    versions(*(VersionSpec(spec.name, 80, 80) for spec in DEFAULT_VERSIONS))
    before = dict(image.versions)
    assert regenerate(image, only=["thumb"]) == Regeneration(["thumb"])
    assert image.status == "ready"
    assert [name for name in before if image.versions[name] == before[name]] == ["sm", "md", "lg"]
    Image.objects.filter(pk=image.pk).update(status="failed", failure_reason="Damaged")
    regenerate(image, only=["sm", "thumb"])
    assert (image.status, image.failure_reason) == ("failed", "Damaged")
    assert regenerate(image, only=["sm"]) == Regeneration([])
    assert (image.status, image.failure_reason) == ("failed", "Damaged")
    regenerate(image, only=["md", "lg"])
    assert (image.status, image.failure_reason) == ("ready", "")


def test_a_version_that_no_spec_has_cannot_be_asked_for(image):
    with pytest.raises(ValueError, match=r"no 'huge'; choose from thumb, sm, md, lg\."):
        regenerate(image, only=["huge", "lg"])


def test_everything_gets_new_keys_each_time(image):
    first = set(image.keys)
    assert regenerate(image, everything=True).generated == ["thumb", "sm", "md", "lg"]
    second = set(image.keys)
    assert first & second == {image.key}
    regenerate(image, everything=True)
    assert second & set(image.keys) == {image.key}
    assert stored_keys() == sorted(image.keys)


class TestFocalPoint:
    def test_makes_what_fills_its_box_and_nothing_else(self, acme, versions):
        versions(*DEFAULT_VERSIONS, SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        before = dict(image.versions)
        assert looks_like(corners(picture_of(image)), [RED, GREEN, BLUE, YELLOW], within=25)
        Image.objects.set_focal_point(image, 0.1, 0.5)
        image = Image.objects.get()
        assert looks_like(corners(picture_of(image)), [RED, RED, BLUE, BLUE], within=25)
        changed = {name for name in before if image.versions[name] != before[name]}
        assert changed == {"square"}
        assert stored_keys() == sorted(image.keys)

    def test_that_is_saved_as_any_column_does_the_same(self, acme, versions):
        versions(*DEFAULT_VERSIONS, SQUARE)
        Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image = Image.objects.get()
        image.focal_x = 0.1
        image.save()
        assert Image.objects.get().outdated_specs == []
        assert looks_like(corners(picture_of(image)), [RED, RED, BLUE, BLUE], within=25)
        image.focal_x = 0.9
        image.save(update_fields=["title"])  # not the focal point
        assert Image.objects.get().focal_x == 0.1
        image.refresh_from_db()
        assert image.focal_x == 0.1
        keys = Image.objects.get().keys
        image.title = "Barn"
        image.save()
        assert Image.objects.get().keys == keys

    def test_is_not_taken_for_saved_by_reading_other_columns(self, acme, versions):
        versions(SQUARE)
        Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image = Image.objects.defer("title").get()
        image.focal_x = 0.1
        assert image.title == "photo.jpg"
        image.save()
        assert Image.objects.get().outdated_specs == []
        image.focal_x = 0.9
        image.refresh_from_db(fields=["description"])
        image.save()
        assert Image.objects.get().outdated_specs == []

    def test_that_was_rolled_back_is_saved_the_next_time(self, acme, versions):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image.focal_x = 0.1
        with pytest.raises(RuntimeError), transaction.atomic():
            image.save()
            raise RuntimeError
        image.save()
        now = Image.objects.get()
        assert (now.focal_x, now.status, now.outdated_specs) == (0.1, "ready", [])

    def test_is_pending_until_its_versions_are_there(self, acme, versions, monkeypatch):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        with transaction.atomic():
            image.focal_x = 0.1
            image.save(update_fields=["focal_x"])
            assert Image.objects.get().status == "pending"
        assert Image.objects.get().status == "ready"
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        image.focal_x = 0.9
        image.save()
        now = Image.objects.get()
        assert (now.status, now.failure_reason) == ("failed", "ZeroDivisionError")

    @pytest.mark.parametrize("value", [None, "left", float("nan"), "1.5"])
    def test_that_is_no_number_is_not_saved(self, image, value):
        image.focal_x = value
        with pytest.raises(ValueError, match=r"must be from 0 to 1|expected a number"):
            image.save()
        assert Image.objects.get().focal_x == 0.5

    @pytest.mark.parametrize("value", ["0.1", Value(0.1)])
    def test_may_be_all_that_a_float_column_takes(self, acme, versions, value):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image.focal_x = value
        image.save()
        now = Image.objects.get()
        assert (now.focal_x, now.outdated_specs) == (0.1, [])

    def test_leaves_what_the_caller_has_not_saved_yet(self, acme, versions):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image.focal_x, image.focal_y, image.title = 0.1, 0.7, "Gate"
        image.save(update_fields=["focal_x"])
        assert (image.focal_x, image.focal_y, image.title) == (0.1, 0.7, "Gate")
        assert image.status == "ready"
        assert image.versions == Image.objects.get().versions

    def test_brings_the_placeholder_that_an_older_row_lacks(self, image):
        Image.objects.update(placeholder="", dominant_color="")
        regenerate(image, everything=True)
        now = Image.objects.get()
        assert now.placeholder.startswith("data:image/webp")
        assert now.dominant_color.startswith("#")

    def test_outside_of_the_picture_is_not_saved(self, image):
        image.focal_y = 1.5
        with pytest.raises(ValueError, match="must be from 0 to 1"):
            image.save()
        assert Image.objects.get().focal_y == 0.5

    def test_of_a_row_with_deferred_columns(self, acme, versions):
        versions(SQUARE)
        Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        image = Image.objects.only("title").get()
        image.title = "Barn"
        image.save()
        image.focal_x = 0.1
        image.save()
        assert Image.objects.get().outdated_specs == []

    def test_can_be_given_with_the_upload(self, acme, versions):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme, focal_x=0.1)
        image.refresh_from_db()
        assert image.outdated_specs == []
        assert looks_like(corners(picture_of(image)), [RED, RED, BLUE, BLUE], within=25)

    def test_the_old_version_is_served_until_the_commit(self, acme, versions):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        with transaction.atomic():
            Image.objects.set_focal_point(image, 1, 0)
            assert len(stored_keys()) == 2
        assert looks_like(corners(picture_of(image)), [GREEN, GREEN, YELLOW, YELLOW], within=25)

    def test_there_and_back_uses_no_key_twice(self, acme, versions):
        """A deletion that the storage refused would hit the new file later."""
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        keys = [image.versions["square"].key]
        for x in (0.1, 0.5, 0.1, 0.5):
            Image.objects.set_focal_point(image, x, 0.5)
            keys.append(image.versions["square"].key)
        assert len(set(keys)) == 5

    def test_of_an_image_that_is_deleted_before_the_commit_is_forgotten(self, image):
        with transaction.atomic():
            Image.objects.set_focal_point(image, 0.1, 0.5)
            Image.objects.all().delete()
        assert stored_keys() == []

    def test_an_error_after_the_commit_is_not_the_caller_s(self, image, versions, monkeypatch):
        versions(*DEFAULT_VERSIONS, SQUARE)
        monkeypatch.setattr(
            "django_polyimages.models.regeneration.regenerate", lambda *a, **k: 1 / 0
        )
        Image.objects.set_focal_point(image, 0.1, 0.5)
        assert Image.objects.get().focal_x == 0.1
        assert [spec.name for spec in Image.objects.get().outdated_specs] == ["square"]

    def test_of_an_image_in_another_database_stays_there(self, image, versions):
        there = Organization.objects.using("other").create(pk=image.organization_id, slug="there")
        manager = Image.objects.db_manager("other")
        other = manager.upload(upload_of(photo()), organization=there, pk=image.pk)
        Image.objects.set_focal_point(other, 0.1, 0.5)
        versions(SQUARE)
        Image.objects.regenerate(other)
        assert manager.get().focal_x == 0.1
        assert list(manager.get().versions) == ["square"]
        image.refresh_from_db()
        assert (image.focal_x, len(image.versions)) == (0.5, 4)

    def test_outside_of_the_picture_is_refused(self, image):
        with pytest.raises(ValueError, match="must be from 0 to 1"):
            Image.objects.set_focal_point(image, 1.2, 0)
        assert Image.objects.get().focal_x == 0.5


class TestFailure:
    def test_a_failed_upload_is_completed(self, acme, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(generation, "encode", lambda *args: 1 / 0)
            image = Image.objects.upload(upload_of(photo()), organization=acme)
        assert image.status == "failed"
        assert regenerate(image).generated == ["thumb", "sm", "md", "lg"]
        image.refresh_from_db()
        assert (image.status, image.failure_reason) == ("ready", "")
        assert stored_keys() == sorted(image.keys)

    def test_what_failed_and_is_not_asked_for_any_more_is_no_failure(
        self, acme, versions, monkeypatch
    ):
        real = generation.encode

        def encode(picture, spec):
            return 1 / 0 if spec.name == "lg" else real(picture, spec)

        with monkeypatch.context() as patch:
            patch.setattr(generation, "encode", encode)
            image = Image.objects.upload(upload_of(photo(3000, 2000)), organization=acme)
        versions(*DEFAULT_VERSIONS[:3])
        assert regenerate(image) == Regeneration([])
        image.refresh_from_db()
        assert (image.status, image.failure_reason) == ("ready", "")

    def test_keeps_what_there_was_and_says_why(self, image, versions, monkeypatch):
        before = image.keys
        versions(VersionSpec("thumb", 80, 80), *DEFAULT_VERSIONS[1:])
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        assert regenerate(image) == Regeneration([], "ZeroDivisionError")
        image.refresh_from_db()
        assert (image.status, image.failure_reason) == ("failed", "ZeroDivisionError")
        assert image.keys == before
        assert stored_keys() == sorted(before)

    def test_a_file_that_the_storage_refused_leaves_nothing(self, image, monkeypatch):
        real = InMemoryStorage._save

        def save(self, name, content):
            if "_sm-" in name:
                raise ConnectionResetError
            return real(self, name, content)

        monkeypatch.setattr(InMemoryStorage, "_save", save)
        result = regenerate(image, everything=True)
        assert (result.generated, result.failure) == (["thumb", "md", "lg"], "ConnectionResetError")
        assert image.status == "ready"  # the old one is as good
        assert stored_keys() == sorted(image.keys)

    def test_an_original_that_is_gone_is_a_reason_too(self, image, files, versions):
        versions(VersionSpec("thumb", 80, 80), *DEFAULT_VERSIONS[1:])
        files.delete(image.key)
        assert regenerate(image).failure == "FileNotFoundError"
        assert Image.objects.get().status == "failed"

    def test_an_original_that_is_not_allowed_any_more_is_a_reason_too(self, image, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_PIXELS": 100}
        assert regenerate(image, everything=True).failure == "InvalidImage"
        assert stored_keys() == sorted(image.keys)

    def test_a_rollback_keeps_the_old_files(self, image):
        before = image.keys
        with pytest.raises(RuntimeError), transaction.atomic():
            regenerate(image, everything=True)
            raise RuntimeError
        assert Image.objects.get().keys == before
        assert stored_keys() == sorted(before)


def test_an_image_for_which_there_is_no_time_stays_as_it_is(image, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_WAIT": 1}
    before = Image.objects.values().get()
    with slot("hostile", 1), slot("hostile", 1):
        result = regenerate(image, everything=True)
    assert "try again later" in result.failure
    assert result.is_busy
    assert Image.objects.values().get() == before


class TestBesideOthers:
    """What another worker does while this one is busy with pixels."""

    @pytest.fixture
    def meanwhile(self, monkeypatch):
        def during_the_work(act) -> None:
            real = generation.encode

            def encode(*args):
                monkeypatch.setattr(generation, "encode", real)
                act()
                return real(*args)

            monkeypatch.setattr(generation, "encode", encode)

        monkeypatch.setattr("django_polyimages.pipeline.threads.submit", run_here)
        return during_the_work

    def test_the_faster_worker_wins_and_nothing_is_left_over(self, image, versions, meanwhile):
        versions(VersionSpec("thumb", 80, 80), *DEFAULT_VERSIONS[1:])
        faster = []

        def work():
            other = Image.objects.get()
            regenerate(other)
            faster.extend(other.keys)

        meanwhile(work)
        assert regenerate(image) == Regeneration([])
        assert sorted(image.keys) == sorted(faster)
        assert stored_keys() == sorted(faster)

    def test_a_focal_point_that_moved_is_honoured(self, acme, versions, meanwhile):
        versions(SQUARE)
        image = Image.objects.upload(upload_of(photo(1200, 400)), organization=acme)
        meanwhile(lambda: Image.objects.update(focal_x=0.1))
        regenerate(image, everything=True)
        assert looks_like(corners(picture_of(image)), [RED, RED, BLUE, BLUE], within=25)
        assert stored_keys() == sorted(Image.objects.get().keys)

    def test_an_image_that_is_deleted_leaves_nothing(self, image, meanwhile):
        meanwhile(lambda: Image.objects.all().delete())
        with pytest.raises(Image.DoesNotExist):
            regenerate(image, everything=True)
        assert stored_keys() == []

    def test_who_is_overtaken_again_and_again_gives_up(self, image, monkeypatch):
        monkeypatch.setattr("django_polyimages.pipeline.threads.submit", run_here)
        real = generation.encode

        def encode(*args):
            Image.objects.update(focal_x=Image.objects.get().focal_x / 2)
            return real(*args)

        monkeypatch.setattr(generation, "encode", encode)
        result = regenerate(image, everything=True)
        assert result.generated == []
        assert "try again later" in result.failure
        assert stored_keys() == sorted(image.keys)


def picture_of(image: Image) -> PillowImage.Image:
    return PillowImage.open(io.BytesIO(read(image.versions["square"].key)))


def run_here(_pool, work, *arguments):
    """As ``threads.submit``, in this thread: SQLite's database in memory belongs to it."""
    future = Future()
    try:
        future.set_result(work(*arguments))
    except Exception as error:  # noqa: BLE001 (as the real one)
        future.set_exception(error)
    return future


class TestAnOlderInstance:
    def test_saves_its_texts_and_not_its_versions(self, image):
        older = Image.objects.get()
        regenerate(image, everything=True)
        older.title = "Gate"
        older.save()
        now = Image.objects.get()
        assert (now.title, now.versions, now.status) == ("Gate", image.versions, "ready")
        assert stored_keys() == sorted(now.keys)

    def test_saves_all_columns_in_another_database(self, image):
        Organization.objects.using("other").create(pk=image.organization_id, slug="there")
        image.save(using="other")
        assert Image.objects.using("other").get().versions == image.versions

    def test_that_is_copied_is_a_whole_row(self, image):
        image.pk = None
        image.save()
        assert Image.objects.latest("pk").versions == image.versions
        assert Image.objects.count() == 2

    def test_saves_a_named_column_whichever_it_is(self, image):
        image.failure_reason = "seen"
        image.save(update_fields=["failure_reason"])
        assert Image.objects.get().failure_reason == "seen"
