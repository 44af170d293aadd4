from __future__ import annotations

import hashlib
import io
import mimetypes
import re
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import OperationalError
from django.utils import translation
from django.utils.translation import trans_real
from PIL import Image as PillowImage

from django_polyimages import InvalidImage, StorageUnavailable, VersionSpec
from django_polyimages.pipeline import generation
from django_polyimages.pipeline.store import check, store
from django_polyimages.storage import get_storage
from tests.drawing import REFUSED, photo, quarters, to_bytes, upload_of
from tests.helpers import decodes, keys_of, read, store_one, stored_keys

pytestmark = pytest.mark.django_db
KEY = re.compile(r"images/img_[0-9a-f]{32}\.jpg")


def test_stores_the_original_untouched_and_four_versions_beside_it():
    content = photo(3000, 2000)
    with store(ContentFile(content, "my photo.JPEG"), using="default") as stored:
        pass
    assert KEY.fullmatch(stored.key)
    assert hashlib.sha256(read(stored.key)).hexdigest() == stored.facts.sha256
    assert read(stored.key) == content
    stem = stored.key.removesuffix(".jpg")
    assert {name: version.key for name, version in stored.generated.versions.items()} == {
        name: f"{stem}_{name}.webp" for name in ("thumb", "sm", "md", "lg")
    }
    assert stored_keys() == keys_of(stored)


def test_records_of_each_version_what_its_file_is():
    with store(ContentFile(photo(3000, 2000)), using="default") as stored:
        pass
    for version in stored.generated.versions.values():
        content = read(version.key)
        with PillowImage.open(io.BytesIO(content)) as picture:
            assert picture.format == "WEBP"
            assert picture.size == (version.width, version.height)
        assert version.byte_size == len(content)


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


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_is_never_written(case, monkeypatch):
    name, content, code = REFUSED[case]
    written = []
    monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: written.append(args))
    with pytest.raises(InvalidImage) as caught, store(ContentFile(content, name), using="default"):
        pass
    assert caught.value.code == code
    assert written == []


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
        pytest.raises(StorageUnavailable, match="nothing was stored, try again"),
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


def test_a_version_that_cannot_be_made_does_not_lose_the_upload(monkeypatch):
    real = generation.encode

    def encode(picture, spec):
        if spec.name == "sm":
            raise MemoryError
        return real(picture, spec)

    monkeypatch.setattr(generation, "encode", encode)
    with store(ContentFile(photo(3000, 2000)), using="default") as stored:
        pass
    assert stored.generated.failure == "MemoryError"
    assert list(stored.generated.versions) == ["thumb", "md", "lg"]
    assert stored_keys() == keys_of(stored)


def test_a_body_that_raises_leaves_nothing():
    with pytest.raises(RuntimeError), store(ContentFile(photo()), using="default"):
        assert len(stored_keys()) == 5
        raise RuntimeError
    assert stored_keys() == []


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

    def put(key, content):
        patch.undo()
        assert begun.wait(5)
        raise KeyboardInterrupt

    monkeypatch.setattr(generation, "encode", encode)
    with monkeypatch.context() as patch:
        patch.setattr("django_polyimages.pipeline.store._put", put)
        with pytest.raises(KeyboardInterrupt), store(upload_of(photo()), using="default"):
            pass
    assert begun.is_set()
    assert stored_keys() == []


def test_an_insert_whose_answer_is_lost_keeps_the_files():
    with pytest.raises(OperationalError), store(ContentFile(photo()), using="default"):
        raise OperationalError("server closed the connection unexpectedly")
    assert len(stored_keys()) == 5


def test_messages_from_the_pixels_are_told_in_the_caller_s_language(monkeypatch):
    """Raised in another thread, where the language is the site's."""
    monkeypatch.setattr(
        trans_real.DjangoTranslation, "gettext", lambda self, text: f"{self.language()}: {text}"
    )
    _name, content, _code = REFUSED["truncated jpeg"]
    with translation.override("de"):
        with pytest.raises(InvalidImage) as caught, store(ContentFile(content), using="default"):
            pass
        assert str(caught.value).startswith("de: The image is damaged")


class TestCheck:
    def test_saves_the_upload_its_work(self, monkeypatch):
        content = photo(1200, 900)
        file = upload_of(content)
        with decodes(monkeypatch) as calls:
            check(file)
            assert stored_keys() == []
            with store(file, using="default") as stored:
                pass
        assert len(calls) == 1
        assert read(stored.key) == content
        direct = store_one(content)
        for name, version in stored.generated.versions.items():
            assert read(version.key) == read(direct.generated.versions[name].key)

    def test_is_for_the_bytes_that_were_checked(self):
        file = upload_of(photo(1200, 900))
        check(file)
        file.file = io.BytesIO(photo(600, 400))
        file.size = len(photo(600, 400))
        with store(file, using="default") as stored:
            pass
        assert (stored.facts.width, stored.facts.height) == (600, 400)

    def test_is_for_the_settings_that_were_in_force(self, settings):
        file = upload_of(photo())
        check(file)
        settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [VersionSpec("tiny", 20, 20)]}
        with store(file, using="default") as stored:
            pass
        assert list(stored.generated.versions) == ["tiny"]

    def test_refuses_damage_that_no_header_shows(self):
        with pytest.raises(InvalidImage, match="damaged"):
            check(upload_of(photo(800, 600)[:-2000]))

    def test_takes_a_file_whose_versions_fail(self, monkeypatch):
        monkeypatch.setattr(generation, "encode", lambda *args: 1 / 0)
        file = upload_of(photo())
        check(file)
        with store(file, using="default") as stored:
            pass
        assert stored.generated.failure == "ZeroDivisionError"
