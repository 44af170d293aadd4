"""The audit as a whole, on storages of every kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from contacts.models import Contact
from django_polyimages import storage
from django_polyimages.models import Image, PolymorphicImageRelation
from django_polyimages.operations import pages
from django_polyimages.operations.audit import AuditPlan, audit, run
from django_polyimages.storage.listing import CannotList
from tests.builders import uploaded
from tests.helpers import keys_of, store_one, stored_keys

pytestmark = pytest.mark.django_db(databases=["default", "other"])
FAULTS = {
    "orphan": 5,
    "missing_version": 1,
    "wrong_size": 1,
    "pending": 1,
    "missing_original": 1,
    "dangling_relation": 1,
}
MENDED = {kind: number for kind, number in FAULTS.items() if kind != "missing_original"}


def break_things(acme, contact) -> list[Image]:
    """One fault of each kind, and the images that are whole once they are mended."""
    backend = storage.get_storage()
    whole, missing, wrong, pending, lost = images = [uploaded(acme, 700, 500) for _ in range(5)]
    backend.delete(missing.versions["sm"].key)
    backend.delete(wrong.versions["sm"].key)
    backend.save(wrong.versions["sm"].key, ContentFile(b"cut"))
    Image.objects.filter(pk=pending.pk).update(status="pending")
    storage.get_original_storage().delete(lost.key)
    contact.images.attach(whole)
    Contact.objects.filter(pk=contact.pk)._raw_delete("default")
    assert len(keys_of(store_one())) == FAULTS["orphan"]
    return images


def counted(findings) -> dict[str, int]:
    kinds = [one.kind for one in findings]
    return {kind: kinds.count(kind) for kind in kinds}


def check_everything(acme, contact, found) -> None:
    images = break_things(acme, contact)
    dry = found()
    assert counted(dry) == FAULTS
    assert not any(one.fixed for one in dry)
    fixed = found(fix=True)
    assert counted(fixed) == FAULTS
    assert counted(one for one in fixed if one.fixed) == MENDED
    assert counted(found(fix=True)) == {"missing_original": 1}
    *whole, lost = images
    for image in whole:
        image.refresh_from_db()
        assert image.status == Image.Status.READY
        for version in image.versions.values():
            with storage.get_storage().open(version.key) as file:
                assert len(file.read()) == version.byte_size
    assert not PolymorphicImageRelation.objects.exists()
    lost.refresh_from_db()
    kept = {key for image in images for key in image.keys} - {lost.key}
    both = {id(one): one for one in (storage.get_storage(), storage.get_original_storage())}
    names = {name for one in both.values() for name in one.listdir("images")[1]}
    assert {f"images/{name}" for name in names} == kept


def test_in_memory(acme, contact, files, found):
    check_everything(acme, contact, found)


def test_without_time_zones(acme, contact, files, settings, found):
    settings.USE_TZ = False
    check_everything(acme, contact, found)


def test_with_a_storage_of_originals(acme, contact, originals, found):
    check_everything(acme, contact, found)


def test_on_a_disk(acme, contact, settings, tmp_path, found):
    disk = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = settings.STORAGES | {"polyimages": disk}
    check_everything(acme, contact, found)


@pytest.mark.slow
def test_on_s3(acme, contact, private, found):
    check_everything(acme, contact, found)


@pytest.mark.parametrize("after", [1, 4, 7, 10])
def test_an_audit_that_was_stopped_and_started_again_ends_the_same(
    after, acme, contact, files, found, django_capture_on_commit_callbacks
):
    break_things(acme, contact)
    with django_capture_on_commit_callbacks(execute=True):
        stopped = audit(AuditPlan(fix=True, grace=timedelta(seconds=-60)))
        for _number in range(after):
            next(stopped)
        stopped.close()
    found(fix=True)
    assert counted(found(fix=True)) == {"missing_original": 1}
    assert len(stored_keys(files)) == 5 * 5 - 1


def test_a_storage_that_does_not_answer_stops_it_before_anything_is_changed(
    acme, contact, files, found, monkeypatch
):
    break_things(acme, contact)
    before = stored_keys(files)

    def refuse(*_arguments):
        raise CannotList("no answer")

    monkeypatch.setattr(run, "list_files", refuse)
    with pytest.raises(CannotList):
        found(fix=True)
    assert stored_keys(files) == before


def test_pages_make_no_difference(acme, contact, found, monkeypatch):
    break_things(acme, contact)
    monkeypatch.setattr(pages, "_AT_ONCE", 1)
    assert counted(found()) == FAULTS


def test_a_disk_that_is_not_mounted_is_not_filled_again(acme, files, found, settings):
    settings.STORAGES = settings.STORAGES | {
        "originals": {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    }
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    images = [uploaded(acme) for _ in range(10)]
    before = {key for image in images for key in image.keys}
    for name in stored_keys(files):
        files.delete(name)
    with pytest.raises(CannotList, match="holds no file at all, although rows record 50 files"):
        found(fix=True)
    assert stored_keys(files) == []
    assert {key for image in Image.objects.all() for key in image.keys} == before
    assert len(found()) == 40
