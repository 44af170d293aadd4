"""Where the pipeline writes, reads and deletes originals, if they have a storage of their own."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.files.storage.handler import InvalidStorageError
from django.db import transaction

from django_polyimages import storage
from django_polyimages.errors import StorageUnavailable
from django_polyimages.models import FileDeletion, Image
from tests.builders import uploaded
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def move_back(image, files, originals) -> None:
    """The state before the command: the original is next to its versions."""
    files.save(image.key, ContentFile(photo()))
    originals.delete(image.key)


def test_without_the_setting_there_is_one_storage(image, files):
    assert storage.get_original_storage() is storage.get_storage()
    assert storage.storage_of(image.key) is storage.get_storage()
    assert len(stored_keys(files)) == 5


def test_whoever_sees_a_version_cannot_fetch_the_original(acme, files, originals):
    image = uploaded(acme, 400, 300)
    stem = image.versions["thumb"].key.removesuffix("_thumb.webp")
    guesses = [f"{stem}.{extension}" for extension in ("jpg", "png", "webp", "gif", "avif")]
    assert image.key in guesses
    assert [key for key in guesses if files.exists(key)] == []
    assert stored_keys(originals) == [image.key]
    assert stored_keys(files) == sorted(one.key for one in image.versions.values())


def test_an_alias_that_does_not_exist_is_never_replaced_by_the_public_storage(settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "privat"}
    with pytest.raises(InvalidStorageError):
        storage.get_original_storage().exists("x")


def test_a_regeneration_reads_the_original_where_it_is(acme, originals):
    image = uploaded(acme)
    assert Image.objects.regenerate(image, everything=True).failure == ""
    assert stored_keys(originals) == [image.key]


def test_a_regeneration_reads_an_original_that_is_not_moved_yet(acme, files, originals):
    image = uploaded(acme)
    move_back(image, files, originals)
    assert Image.objects.regenerate(image, everything=True).failure == ""


def test_an_original_that_is_nowhere_is_missing(originals):
    with pytest.raises(FileNotFoundError):
        storage.open_original(storage.generate_upload_filename(None, "a.jpg"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_moved", [True, False])
def test_a_deletion_deletes_original_and_versions(acme, files, originals, is_moved):
    image = uploaded(acme)
    if not is_moved:
        move_back(image, files, originals)
    image.delete()
    assert (stored_keys(files), stored_keys(originals)) == ([], [])
    assert not FileDeletion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_the_storages_refuse_is_tried_again(acme, files, originals, monkeypatch):
    image = uploaded(acme)
    with monkeypatch.context() as patch:
        patch.setattr(InMemoryStorage, "delete", lambda self, name: 1 / 0)
        image.delete()
    assert FileDeletion.objects.get().keys == image.keys
    FileDeletion.objects.carry_out(list(FileDeletion.objects.all()))
    assert (stored_keys(files), stored_keys(originals)) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_a_rollback_deletes_both(acme, files, originals):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        uploaded(acme)
        raise ZeroDivisionError
    assert (stored_keys(files), stored_keys(originals)) == ([], [])


def test_an_upload_whose_original_cannot_be_stored_leaves_nothing(
    acme, files, originals, monkeypatch
):
    save = InMemoryStorage.save

    def fail_for_originals(self, name, content, **options):
        if "_" not in name.removeprefix("images/img_"):
            raise ConnectionResetError
        return save(self, name, content, **options)

    monkeypatch.setattr(InMemoryStorage, "save", fail_for_originals)
    with pytest.raises(StorageUnavailable):
        uploaded(acme)
    assert (stored_keys(files), stored_keys(originals)) == ([], [])


def test_a_copy_that_is_under_way_is_not_read_before_it_is_whole(originals):
    key = storage.generate_upload_filename(None, "a.jpg")
    storage.get_storage().save(key, ContentFile(b"the whole file"))
    storage.get_original_storage().save(key, ContentFile(b"the who"))
    with storage.open_original(key) as file:
        assert file.read() == b"the whole file"
