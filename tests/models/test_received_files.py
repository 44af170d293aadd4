from __future__ import annotations

import gc

import pytest
from django.core.files.storage import InMemoryStorage

from django_polyimages.errors import UploadGone
from django_polyimages.models import PendingUpload, ReceivedFile
from tests.drawing import photo
from tests.sending import begin, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def file() -> ReceivedFile:
    return PendingUpload.objects.received(sent(media_type="image/jpeg").pk)


def test_is_an_uploaded_file(file):
    assert (file.name, file.size, file.content_type) == ("photo.jpg", len(photo()), "image/jpeg")
    assert b"".join(file.chunks()) == file.open().read() == photo()


def test_is_read_when_it_is_needed_and_once(file, monkeypatch):
    opened = []
    real = InMemoryStorage._open
    monkeypatch.setattr(InMemoryStorage, "_open", lambda *args: opened.append(args) or real(*args))
    file.close()
    assert opened == []
    for _ in range(2):
        assert file.open().read() == photo()
    assert len(opened) == 1


def test_stays_what_it_was_when_somebody_writes_to_its_place(file, files):
    assert file.read() == photo()
    files.delete(file.upload.key)
    file.seek(0)
    assert file.read() == photo()


def test_may_have_no_name():
    assert PendingUpload.objects.received(begin(b"a", "/").pk).name is None


def test_is_never_a_file_of_this_machine_with_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "photo.jpg").write_bytes(b"of the server")
    monkeypatch.chdir(tmp_path)
    file = PendingUpload.objects.received(sent().pk)
    assert file.read() == photo()
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        file.open("rb")


def test_that_was_not_sent_says_so():
    with pytest.raises(UploadGone, match="has not arrived"):
        PendingUpload.objects.received(begin(photo()).pk).read()


def test_closes_its_temporary_file_with_itself():
    file = PendingUpload.objects.received(sent().pk)
    temporary = file.file
    del file
    gc.collect()
    assert temporary.closed
