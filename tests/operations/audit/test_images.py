from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from django_polyimages import VersionSpec
from django_polyimages.models import Image
from django_polyimages.operations.audit import images
from django_polyimages.pipeline import deleting
from tests.builders import uploaded
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def facts(findings) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.key, one.fixed) for one in findings]


def replace(files, key: str, content: bytes) -> None:
    files.delete(key)
    files.save(key, ContentFile(content))


def test_an_image_in_order_is_no_finding(image, found):
    assert found() == []


def test_a_missing_original_is_named_and_left(image, files, found):
    files.delete(image.key)
    [one] = found(fix=True)
    assert (one.kind, one.key, one.fixed) == ("missing_original", image.key, False)
    assert (one.model, one.id) == ("polyimages.Image", str(image.pk))


def test_an_original_of_the_wrong_size_is_named_and_nothing_is_generated_from_it(
    image, files, found
):
    other = photo(50, 40)
    replace(files, image.key, other)
    files.delete(image.versions["sm"].key)
    before = stored_keys(files)
    original, version = sorted(found(fix=True), key=lambda one: one.kind, reverse=True)
    assert (original.kind, original.key, original.fixed) == ("wrong_size", image.key, False)
    assert f"{len(other)} bytes are stored, and the row says {image.byte_size}" in original.detail
    assert (version.kind, version.fixed) == ("missing_version", False)
    assert stored_keys(files) == before


def test_versions_stay_where_the_original_is_missing(image, files, found):
    thumb = image.versions["thumb"].key
    files.delete(image.key)
    files.delete(thumb)
    findings = found(fix=True)
    assert {(one.kind, one.fixed) for one in findings} == {
        ("missing_original", False),
        ("missing_version", False),
    }
    image.refresh_from_db()
    assert image.versions["thumb"].key == thumb


def test_a_missing_version_is_generated_and_the_second_audit_finds_nothing(image, files, found):
    key = image.versions["thumb"].key
    files.delete(key)
    assert facts(found()) == [("missing_version", key, False)]
    assert facts(found(fix=True)) == [("missing_version", key, True)]
    assert found(fix=True) == []
    image.refresh_from_db()
    assert stored_keys(files) == sorted(image.keys)


def test_a_version_of_the_wrong_size_is_generated(image, files, found):
    key = image.versions["sm"].key
    replace(files, key, b"")
    assert facts(found(fix=True)) == [("wrong_size", key, True)]
    assert found(fix=True) == []


def test_versions_follow_the_specs(image, settings, files, found):
    specs = (VersionSpec("thumb", 100, 100), VersionSpec("big", 300, 300))
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
    findings = found(fix=True)
    assert facts(findings) == [("missing_version", "", True), ("outdated", "", True)]
    assert "big" in findings[0].detail
    assert "thumb, lg, md, sm" in findings[1].detail
    assert found(fix=True) == []
    image.refresh_from_db()
    assert set(image.versions) == {"thumb", "big"}
    assert stored_keys(files) == sorted(image.keys)


@pytest.fixture
def pending(image) -> Image:
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Image.objects.filter(pk=image.pk).update(status="pending", updated_at=an_hour_ago)
    return image


def test_an_image_that_is_pending_for_too_long_is_finished(pending, found):
    assert found(grace=timedelta(hours=2)) == []
    assert facts(found(grace=timedelta(minutes=30))) == [("pending", "", False)]
    assert facts(found(grace=timedelta(minutes=30), fix=True)) == [("pending", "", True)]
    pending.refresh_from_db()
    assert pending.status == Image.Status.READY


def test_an_image_that_a_worker_has_claimed_is_left_to_it(pending, found, task_engine):
    soon = timezone.now() + timedelta(minutes=9)
    Image.objects.update(attempts=1, next_attempt_at=soon)
    assert found(grace=timedelta(minutes=30), fix=True) == []
    pending.refresh_from_db()
    assert (pending.status, pending.attempts) == ("pending", 1)


def test_a_failed_image_is_named_with_the_reason_and_left(image, found):
    Image.objects.filter(pk=image.pk).update(status="failed", failure_reason="Out of luck")
    [one] = found(fix=True)
    assert (one.kind, one.detail, one.fixed) == ("failed", "Out of luck", False)


def test_a_version_that_cannot_be_generated_is_left(image, files, found, monkeypatch):
    key = image.versions["thumb"].key
    files.delete(key)
    replace(files, image.key, b"x" * image.byte_size)  # damaged, of the right size
    [one] = found(fix=True)
    assert (one.kind, one.key, one.fixed) == ("missing_version", key, False)


def test_files_of_a_copied_row_are_a_fact_and_no_fault(image, found):
    copy = Image.objects.get(pk=image.pk)
    copy.pk, copy._state.adding = None, True
    copy.save()
    findings = found(fix=True)
    assert {(one.kind, one.key, one.is_left) for one in findings} == {
        ("shared_file", key, False) for key in image.keys
    }
    assert str(copy.pk) in findings[0].detail


def test_a_copy_that_was_deleted_meanwhile_is_no_finding(image, found, monkeypatch):
    copy = Image.objects.get(pk=image.pk)
    copy.pk, copy._state.adding = None, True
    copy.save()
    real = images._records

    def deleted(*arguments):
        Image.objects.filter(pk=copy.pk).delete()
        return real(*arguments)

    monkeypatch.setattr(images, "_records", deleted)
    assert found() == []


def test_an_image_that_is_deleted_while_it_is_looked_at_is_no_finding(
    image, files, found, monkeypatch
):
    real = images.sizes_of

    def deleted(key):
        Image.objects.filter(pk=image.pk).delete()
        deleting.delete_files(image.keys)
        return real(key)

    replace(files, image.key, b"")
    monkeypatch.setattr(images, "sizes_of", deleted)
    assert found(fix=True) == []


def test_an_image_that_is_regenerated_while_it_is_looked_at_is_no_finding(
    image, files, found, monkeypatch
):
    files.delete(image.versions["thumb"].key)
    real = images.sizes_of

    def regenerated(key):
        monkeypatch.setattr(images, "sizes_of", real)
        Image.objects.regenerate(Image.objects.get(pk=image.pk), everything=True)
        return real(key)

    monkeypatch.setattr(images, "sizes_of", regenerated)
    assert found() == []


def test_an_original_that_is_not_moved_yet_is_in_order(acme, files, originals, found):
    image = uploaded(acme)
    with originals.open(image.key) as file:
        files.save(image.key, ContentFile(file.read()))
    assert found() == []
    originals.delete(image.key)
    assert found() == []


def test_files_under_an_earlier_prefix_are_in_order(image, settings, found):
    settings.POLYIMAGES = settings.POLYIMAGES | {"UPLOAD_PREFIX": "pictures/"}
    assert found(fix=True) == []


def test_a_row_without_a_file_is_named_and_stops_nothing(image, acme, files, found):
    Image.objects.filter(pk=image.pk).update(file="")
    files.delete(image.key)
    whole = uploaded(acme)
    files.delete(whole.versions["sm"].key)
    assert sorted(facts(found(fix=True))) == [
        ("missing_original", "", False),
        ("missing_version", whole.versions["sm"].key, True),
    ]


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="threads share no SQLite database in memory"
)
def test_several_images_are_mended_at_the_same_time(acme, files, found, monkeypatch):
    for image in [uploaded(acme) for _ in range(4)]:
        files.delete(image.versions["sm"].key)
    together = threading.Barrier(2)
    real = images._mend

    def mend(*args):
        together.wait(60)
        return real(*args)

    monkeypatch.setattr(images, "_mend", mend)
    assert [one.fixed for one in found(fix=True, jobs=2)] == [True] * 4
    assert found() == []
