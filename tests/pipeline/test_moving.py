from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

from django_polyimages.pipeline import moving
from django_polyimages.pipeline.moving import Moved, Original
from tests.drawing import photo
from tests.helpers import store_one, stored_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def original(files, originals) -> Original:
    """An original next to its versions, as before ``ORIGINAL_STORAGE`` was set."""
    stored = store_one()
    originals.delete(stored.key)
    files.save(stored.key, ContentFile(photo()))
    return Original(
        key=stored.key,
        media_type=stored.facts.media_type,
        byte_size=stored.facts.byte_size,
        sha256=stored.facts.sha256,
    )


def content_of(backend: Storage, key: str) -> bytes:
    with backend.open(key) as file:
        content: bytes = file.read()
    return content


def test_the_file_is_in_the_new_storage_alone(original, originals, files):
    assert moving.is_in_old_storage(original.key)
    assert moving.move_original(original) == Moved("moved")
    assert content_of(originals, original.key) == photo()
    assert original.key not in stored_keys(files)
    assert len(stored_keys(files)) == 4
    assert moving.move_original(original) == Moved("already there")


def test_a_copy_that_is_not_whole_is_written_again(original, originals):
    originals.save(original.key, ContentFile(photo()[:500]))
    assert moving.move_original(original) == Moved("moved")
    assert content_of(originals, original.key) == photo()


def test_a_copy_that_is_whole_is_not_written_again(original, originals, files, monkeypatch):
    originals.save(original.key, ContentFile(photo()))
    monkeypatch.setattr(InMemoryStorage, "save", lambda *args, **options: 1 / 0)
    assert moving.move_original(original) == Moved("moved")
    assert original.key not in stored_keys(files)


def test_a_file_that_differs_from_its_row_stays(original, originals, files):
    files.delete(original.key)
    files.save(original.key, ContentFile(b"other"))
    assert moving.move_original(original) == Moved("failed", "the file differs from its row")
    assert content_of(files, original.key) == b"other"
    assert stored_keys(originals) == []


def test_a_copy_that_arrives_damaged_is_removed_and_the_file_stays(
    original, originals, files, monkeypatch
):
    save = InMemoryStorage.save
    monkeypatch.setattr(
        InMemoryStorage, "save", lambda self, name, *args, **kw: save(self, name, ContentFile(b""))
    )
    assert moving.move_original(original) == Moved("failed", "the copy differs from the file")
    assert content_of(files, original.key) == photo()
    assert stored_keys(originals) == []


def test_a_storage_that_fails_leaves_the_file(original, files, monkeypatch):
    def refuse(*args, **options):
        raise ConnectionResetError

    monkeypatch.setattr(InMemoryStorage, "save", refuse)
    assert moving.move_original(original) == Moved("failed", "ConnectionResetError")
    assert content_of(files, original.key) == photo()


def test_a_file_that_is_nowhere_is_a_failure(original, files):
    files.delete(original.key)
    assert moving.move_original(original) == Moved("failed", "FileNotFoundError")


def test_a_moved_file_of_another_size_is_a_failure(original, originals, files):
    files.delete(original.key)
    originals.save(original.key, ContentFile(photo()[:500]))
    moved = moving.move_original(original)
    assert (moved.outcome, "the size of the file" in moved.reason) == ("failed", True)
    assert content_of(originals, original.key) == photo()[:500]


def test_two_aliases_of_one_folder_are_recognized(settings, tmp_path):
    disk = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "one"},
    }
    other = disk | {"OPTIONS": {"location": tmp_path / "two"}}
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    settings.STORAGES = settings.STORAGES | {"polyimages": disk, "originals": disk}
    assert moving.storages_are_one()
    settings.STORAGES = settings.STORAGES | {"originals": other}
    assert not moving.storages_are_one()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
