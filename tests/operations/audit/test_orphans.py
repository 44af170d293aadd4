from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from django_polyimages.models import FileDeletion, Image
from django_polyimages.operations.audit import AuditPlan, audit, orphans, run
from django_polyimages.pipeline import deleting
from tests.builders import uploaded
from tests.helpers import keys_of, store_one, stored_keys

pytestmark = pytest.mark.django_db(databases=["default", "other"])


@pytest.fixture
def left_over() -> list[str]:
    """The keys of a killed upload."""
    return keys_of(store_one())


def orphaned(findings) -> list[str]:
    assert {one.kind for one in findings} <= {"orphan"}
    return sorted(one.key for one in findings)


def test_files_of_a_killed_upload_are_named_and_nothing_is_changed(image, left_over, files, found):
    findings = found()
    assert orphaned(findings) == left_over
    assert not any(one.fixed for one in findings)
    assert stored_keys(files) == sorted([*image.keys, *left_over])


def test_they_are_deleted_and_the_second_audit_finds_nothing(image, left_over, files, found):
    findings = found(fix=True)
    assert orphaned(findings) == left_over
    assert all(one.fixed for one in findings)
    assert stored_keys(files) == sorted(image.keys)
    assert found(fix=True) == []


def test_young_files_are_left_alone(left_over, files, found):
    assert found(fix=True, grace=timedelta(minutes=5)) == []
    assert stored_keys(files) == left_over


@pytest.mark.parametrize(
    "key",
    [
        "images/logo.png",
        "images/readme_img_0123.txt",
        f"images/other/img_{'0a' * 16}.jpg",
        f"images/IMG_{'0A' * 16}.jpg",
        f"images/img_{'0a' * 16}_thumb-backup.webp",
        f"media/img_{'0a' * 16}.jpg",
    ],
)
def test_files_of_others_are_left_alone(key, files, found):
    files.save(key, ContentFile(b"theirs"))
    assert found(fix=True) == []
    assert files.exists(key)


def test_files_that_will_be_deleted_are_no_orphans(left_over, found):
    FileDeletion.objects.create(keys=left_over)
    FileDeletion.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert found() == []


def test_files_of_a_row_in_another_database_are_left_alone(left_over, files, found, acme):
    versions = {
        key: {"key": key, "width": 1, "height": 1, "bytes": 1, "digest": ""} for key in left_over
    }
    row = Image(file="images/own.jpg", width=1, height=1, byte_size=1, versions=versions)
    row.organization_id = acme.pk
    type(acme).objects.using("other").create(pk=acme.pk, name="Acme", slug="acme")
    row.save(using="other")
    assert found(fix=True) == []
    assert stored_keys(files) == left_over


@pytest.fixture
def between(monkeypatch):
    """Does something after the tables were read."""

    def patch(work) -> None:
        real = run.orphans

        def orphans_after(*arguments, **options):
            work()
            return real(*arguments, **options)

        monkeypatch.setattr(run, "orphans", orphans_after)

    return patch


def test_an_upload_while_the_table_is_read_is_no_finding(acme, files, found, between):
    image = uploaded(acme)
    columns = {one.attname: getattr(image, one.attname) for one in Image._meta.concrete_fields}
    Image.objects.filter(pk=image.pk)._raw_delete("default")
    between(lambda: Image.objects.create(**columns))
    assert found(fix=True) == []
    assert stored_keys(files) == sorted(image.keys)


def test_a_deletion_that_is_refused_meanwhile_is_no_finding(left_over, found, between):
    between(lambda: FileDeletion.objects.create(keys=left_over))
    assert found(fix=True) == []


def test_a_file_that_is_gone_meanwhile_is_no_finding(left_over, found, between):
    between(lambda: deleting.delete_files(left_over))
    assert found(fix=True) == []


def test_an_orphan_that_the_storage_does_not_delete_is_left(left_over, found, monkeypatch):
    refused = {left_over[0]: "AccessDenied"}
    monkeypatch.setattr(orphans, "delete_files", lambda _keys: refused)
    findings = {one.key: one for one in found(fix=True)}
    assert [key for key in left_over if not findings[key].fixed] == left_over[:1]
    assert "AccessDenied" in findings[left_over[0]].detail


def test_orphans_are_found_in_both_storages(files, originals, found):
    keys = keys_of(store_one())
    not_moved = f"images/img_{'0a' * 16}.jpg"
    files.save(not_moved, ContentFile(b"old"))
    assert orphaned(found(fix=True)) == sorted([*keys, not_moved])
    assert stored_keys(files) == stored_keys(originals) == []


def test_an_audit_that_was_stopped_ends_the_same(left_over, files, found, monkeypatch):
    monkeypatch.setattr(orphans, "_AT_ONCE", 2)
    stopped = audit(AuditPlan(fix=True, grace=timedelta(seconds=-60)))
    next(stopped)
    stopped.close()
    assert len(stored_keys(files)) == len(left_over) - 2
    found(fix=True)
    assert stored_keys(files) == []
