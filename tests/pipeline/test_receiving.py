from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.http import UnreadablePostError

from django_polyimages import storage
from django_polyimages.errors import InvalidImage, StorageUnavailable, UploadGone
from django_polyimages.pipeline.receiving import fetch, keep
from django_polyimages.storage.incoming import new_incoming_key
from tests.drawing import photo
from tests.helpers import read, stored_keys

JPEG = {"byte_size": len(photo()), "media_type": "image/jpeg", "sha256": ""}


@pytest.fixture
def key() -> str:
    return new_incoming_key()


def put(key: str, content: bytes) -> None:
    """What somebody does who has the URL."""
    storage.get_storage().save(key, ContentFile(content))


@pytest.fixture
def no_folder(settings, tmp_path) -> None:
    """For temporary files, as on a disk that is full, or was not mounted."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "missing")


class TestFetching:
    def test_without_a_place_for_temporary_files_is_no_fault_of_the_client(self, key, no_folder):
        put(key, photo())
        with pytest.raises(StorageUnavailable):
            fetch(key, **JPEG)

    def test_reads_the_whole_file(self, key):
        put(key, photo())
        with fetch(key, **JPEG | {"sha256": sha256(photo()).hexdigest()}) as file:
            assert file.read() == photo()

    @pytest.mark.parametrize(
        ("content", "announced"),
        [
            (photo() + b"a", {}),
            (photo()[:-1], {}),
            (b"", {}),
            (photo(), {"media_type": "image/png"}),
            (photo(), {"sha256": sha256(b"other").hexdigest()}),
        ],
    )
    def test_refuses_what_was_not_announced(self, key, content, announced):
        put(key, content)
        with pytest.raises(InvalidImage) as error:
            fetch(key, **JPEG | announced)
        assert error.value.code == "other_file"

    def test_lets_the_content_decide_if_no_type_was_announced(self, key):
        put(key, photo())
        fetch(key, **JPEG | {"media_type": "application/octet-stream"}).close()

    def test_never_reads_more_than_one_byte_too_much(self, key, monkeypatch):
        sizes = []

        class Endless(BytesIO):
            def read(self, size: int = -1) -> bytes:
                sizes.append(size)
                return b"a" * size

        monkeypatch.setattr(InMemoryStorage, "open", lambda *args: Endless())
        with pytest.raises(InvalidImage):
            fetch(key, **JPEG | {"byte_size": 200_000})
        assert sum(sizes) == 200_001

    def test_says_that_there_is_no_file(self, key):
        with pytest.raises(UploadGone) as error:
            fetch(key, **JPEG)
        assert error.value.code == "not_sent"

    def test_that_the_storage_refuses_is_no_fault_of_the_client(self, key, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "open", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            fetch(key, **JPEG)


class TestKeeping:
    def test_writes_what_was_announced(self, key):
        keep(key, BytesIO(photo()).read, **JPEG)
        assert read(key) == photo()

    def test_writes_nothing_else(self, key):
        with pytest.raises(InvalidImage):
            keep(key, BytesIO(photo() + b"a").read, **JPEG)
        assert stored_keys(folder="images-incoming") == []

    def test_replaces_nothing(self, key):
        put(key, b"first")
        with pytest.raises(UploadGone) as error:
            keep(key, BytesIO(photo()).read, **JPEG)
        assert error.value.code == "already_sent"
        assert read(key) == b"first"

    def test_replaces_nothing_in_a_storage_that_replaces_files(self, key, monkeypatch):
        put(key, b"first")
        monkeypatch.setattr(InMemoryStorage, "get_available_name", lambda self, name, **_: name)
        with pytest.raises(UploadGone):
            keep(key, BytesIO(photo()).read, **JPEG)
        assert read(key) == b"first"

    def test_without_a_place_for_temporary_files_is_no_fault_of_the_client(self, key, no_folder):
        with pytest.raises(StorageUnavailable):
            keep(key, BytesIO(photo()).read, **JPEG)
        assert stored_keys(folder="images-incoming") == []

    def test_a_connection_that_is_lost_is_told_as_what_it_is(self, key):
        def read(size: int) -> bytes:
            raise UnreadablePostError

        with pytest.raises(UnreadablePostError):
            keep(key, read, **JPEG)

    def test_replaces_nothing_that_another_request_writes_meanwhile(self, key, monkeypatch):
        put(key, b"first")
        monkeypatch.setattr("django_polyimages.pipeline.receiving.is_there", lambda key: False)
        with pytest.raises(UploadGone):
            keep(key, BytesIO(photo()).read, **JPEG)
        assert stored_keys(folder="images-incoming") == [key]
        assert read(key) == b"first"

    def test_that_another_request_writes_leaves_nothing_in_a_storage_of_originals_either(
        self, key, monkeypatch, settings
    ):
        private = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
        settings.STORAGES = settings.STORAGES | {"private": private}
        settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "private"}
        storage.get_original_storage().save(key, ContentFile(b"first"))
        monkeypatch.setattr("django_polyimages.pipeline.receiving.is_there", lambda key: False)
        with pytest.raises(UploadGone):
            keep(key, BytesIO(photo()).read, **JPEG)
        assert stored_keys(storage.get_original_storage(), "images-incoming") == [key]

    def test_leaves_nothing_that_the_storage_has_written_in_part(self, key, monkeypatch):
        real = InMemoryStorage._save

        def fail(*args):
            real(*args)
            raise ConnectionError

        monkeypatch.setattr(InMemoryStorage, "_save", fail)
        with pytest.raises(StorageUnavailable):
            keep(key, BytesIO(photo()).read, **JPEG)
        assert stored_keys(folder="images-incoming") == []

    def test_fails_if_the_storage_does_not_say_whether_there_is_a_file(self, key, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "exists", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            keep(key, BytesIO(photo()).read, **JPEG)
