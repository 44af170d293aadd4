from __future__ import annotations

import mimetypes
import re
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import IntegrityError, transaction

from django_polyimages import StorageUnavailable
from django_polyimages.models import FileDeletion
from django_polyimages.pipeline import generation
from django_polyimages.pipeline.puts import Puts
from django_polyimages.pipeline.rollback import wait_for_removals
from django_polyimages.pipeline.store import store
from django_polyimages.storage import get_storage
from tests.builders import uploaded
from tests.drawing import photo, quarters, to_bytes, upload_of
from tests.helpers import keys_of, stored_keys

pytestmark = pytest.mark.django_db


def test_each_file_is_written_once_and_nothing_else_is_asked(monkeypatch):
    calls = []
    backend = get_storage()
    for name in ("_save", "_open", "exists", "delete", "listdir", "size"):
        real = getattr(InMemoryStorage, name)

        def counted(self, *args, _name=name, _real=real, **kwargs):
            calls.append(_name)
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(InMemoryStorage, name, counted)
    with store(ContentFile(photo()), using="default"):
        pass
    # exists() is this backend's get_available_name(); S3 has none, see test_s3
    assert [call for call in calls if call != "exists"] == ["_save"] * 5
    assert backend.exists("images")


def test_the_original_is_on_its_way_while_versions_are_made(monkeypatch):
    """The PUT of the original is begun before the first version is encoded, not after all."""
    begun = threading.Event()
    real_save, real_encode = InMemoryStorage._save, generation.encode

    def save(self, name, content):
        begun.set()
        return real_save(self, name, content)

    def encode(*args):
        assert begun.wait(5)
        return real_encode(*args)

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    monkeypatch.setattr(generation, "encode", encode)
    with store(ContentFile(photo()), using="default") as stored:
        assert len(stored.generated.versions) == 4


def test_each_version_is_on_its_way_before_the_next_is_there(monkeypatch):
    """The largest is the first: its PUT is begun as soon as it is encoded."""
    begun = threading.Event()
    real_save, real_encode = InMemoryStorage._save, generation.encode

    def save(self, name, content):
        if "_lg" in name:
            begun.set()
        return real_save(self, name, content)

    def encode(picture, spec):
        assert spec.name == "lg" or begun.wait(5)
        return real_encode(picture, spec)

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    monkeypatch.setattr(generation, "encode", encode)
    with store(ContentFile(photo(3000, 2000)), using="default") as stored:
        assert len(stored.generated.versions) == 4


def failing_for(monkeypatch, pattern: str, *, after_write: bool = False) -> None:
    """Let the storage fail for keys that match, before or after it has written them."""
    real = InMemoryStorage._save

    def save(self, name, content):
        if re.search(pattern, name):
            if after_write:
                real(self, name, content)
            raise ConnectionResetError("bucket-name.internal:9000")
        return real(self, name, content)

    monkeypatch.setattr(InMemoryStorage, "_save", save)


@pytest.mark.parametrize("after_write", [False, True], ids=["refused", "answer lost"])
def test_a_storage_that_does_not_take_the_original_leaves_nothing(monkeypatch, after_write):
    failing_for(monkeypatch, r"\.jpg$", after_write=after_write)
    with (
        pytest.raises(StorageUnavailable, match=r"nothing was stored\. Try again"),
        store(ContentFile(photo()), using="default"),
    ):
        pass
    assert stored_keys() == []


@pytest.mark.parametrize("after_write", [False, True], ids=["refused", "answer lost"])
def test_a_version_that_cannot_be_stored_does_not_lose_the_upload(monkeypatch, after_write):
    failing_for(monkeypatch, "_md", after_write=after_write)
    with store(ContentFile(photo()), using="default") as stored:
        pass
    assert list(stored.generated.versions) == ["thumb", "sm", "lg"]
    assert stored.generated.failure == "ConnectionResetError"
    assert "bucket-name" not in stored.generated.failure
    assert stored_keys() == keys_of(stored)


def test_a_large_upload_is_copied_on_the_local_disk(settings, tmp_path):
    """Django would move a temporary file that it has spooled, and it could not be used again."""
    settings.STORAGES = settings.STORAGES | {
        "polyimages": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }
    assert isinstance(get_storage(), FileSystemStorage)
    content = photo(2000, 1500)
    with TemporaryUploadedFile("photo.jpg", "image/jpeg", len(content), None) as file:
        file.write(content)
        for _time in range(2):
            with store(file, using="default") as stored:
                pass
            assert (tmp_path / stored.key).read_bytes() == content
        assert len(list((tmp_path / "images").iterdir())) == 10


def throw(error: type[Exception]) -> None:
    raise error


@pytest.mark.django_db(transaction=True)
class TestWhatIsLeftOver:
    """Files that no row uses and that the storage does not delete are recorded."""

    @pytest.fixture(autouse=True)
    def deletes_nothing(self, monkeypatch) -> None:
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: throw(ConnectionResetError))

    def recorded(self) -> list[str]:
        assert wait_for_removals(10)
        notes = FileDeletion.objects.all()
        assert {one.last_error for one in notes} == {"ConnectionResetError"}
        return sorted(key for one in notes for key in one.keys)

    def test_by_a_refused_upload(self, acme, monkeypatch):
        failing_for(monkeypatch, r"\.jpg$", after_write=True)
        with pytest.raises(StorageUnavailable):
            uploaded(acme)
        assert self.recorded() == stored_keys()
        assert len(self.recorded()) == 5

    def test_by_a_row_that_is_not_written(self, acme):
        with pytest.raises(IntegrityError):
            uploaded(acme, alt_text=None)  # which the database refuses
        assert self.recorded() == stored_keys()
        assert len(self.recorded()) == 5

    def test_by_a_later_rollback(self, acme):
        with pytest.raises(RuntimeError), transaction.atomic():
            uploaded(acme)
            raise RuntimeError
        assert self.recorded() == stored_keys()
        assert len(self.recorded()) == 5

    def test_by_a_version_whose_answer_is_lost(self, acme, monkeypatch):
        failing_for(monkeypatch, "_md", after_write=True)
        refuse, uploading = InMemoryStorage.delete, threading.Event()

        def delete(*arguments):
            assert uploading.wait(30)  # a SQLite database in memory makes nobody wait for a lock
            refuse(*arguments)

        monkeypatch.setattr(InMemoryStorage, "delete", delete)
        image = uploaded(acme)
        uploading.set()
        assert sorted([*image.keys, *self.recorded()]) == stored_keys()
        assert len(self.recorded()) == 1


@pytest.mark.parametrize("claim", ["text/html", "image/svg+xml", "text/javascript", ""])
def test_what_a_client_claims_does_not_travel_with_the_file(monkeypatch, claim):
    monkeypatch.setattr(mimetypes, "guess_type", lambda *args, **options: (None, None))
    page = to_bytes(quarters(), "GIF", comment=b"<script>alert(1)</script>")
    sent = SimpleUploadedFile("page.html", page, claim)
    given = {}

    def save(self, name, content):
        given[name] = (content.content_type, content.name)
        return name

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    with store(sent, using="default") as stored:
        assert stored.facts.media_type == "image/gif"
    original = given.pop(stored.key)
    assert original == ("image/gif", "")
    assert set(given.values()) == {("image/webp", "")}
    assert len(given) == 4


def test_an_interrupted_upload_leaves_nothing(monkeypatch):
    """A worker's time limit is an exception that arrives while other threads are at work."""
    begun = threading.Event()
    real = generation.encode

    def encode(*args):
        begun.set()
        return real(*args)

    def start(self, key, content):
        patch.undo()
        assert begun.wait(5)
        raise KeyboardInterrupt

    monkeypatch.setattr(generation, "encode", encode)
    with monkeypatch.context() as patch:
        patch.setattr(Puts, "start", start)
        with pytest.raises(KeyboardInterrupt), store(upload_of(photo()), using="default"):
            pass
    assert begun.is_set()
    assert stored_keys() == []
