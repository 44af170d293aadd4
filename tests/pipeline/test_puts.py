"""What becomes of single PUTs; ``test_silent_storage`` has whole uploads."""

from __future__ import annotations

import io
import threading
import time

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import InMemoryStorage

from django_polyimages import StorageUnavailable, storage
from django_polyimages.pipeline import puts
from django_polyimages.pipeline.deleting import ignore
from django_polyimages.pipeline.patience import Patience
from django_polyimages.pipeline.puts import Content, writing
from django_polyimages.pipeline.rollback import wait_for_removals
from tests.helpers import read, stored_keys

KEY = "images/img_1.webp"


def content(text: bytes = b"x") -> Content:
    return Content(ContentFile(text), "image/webp")


def test_what_is_written_stays():
    with writing(ignore, Patience()) as files:
        files.start(KEY, content(b"written"))
        files.wait()
    assert files.errors() == {}
    assert files.written_keys() == stored_keys() == [KEY]
    assert read(KEY) == b"written"


def test_an_error_in_the_block_removes_it():
    with pytest.raises(KeyboardInterrupt), writing(ignore, Patience()) as files:
        files.start(KEY, content())
        files.wait()
        assert stored_keys() == [KEY]
        raise KeyboardInterrupt
    assert stored_keys() == []


def test_a_refused_file_is_not_deleted_but_one_with_another_error_is(monkeypatch):
    deleted = []
    errors = {"images/refused": PermissionError(13, "no"), "images/lost": ConnectionResetError()}

    def save(backend, name, given):
        raise errors[name]

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    monkeypatch.setattr(InMemoryStorage, "delete", lambda backend, name: deleted.append(name))
    with writing(ignore, Patience()) as files:
        for key in errors:
            files.start(key, content())
        files.wait()
        assert files.errors() == errors
        files.undo(errors)
    assert wait_for_removals(10)
    assert deleted == ["images/lost"]
    assert files.written_keys() == []


def test_pixels_are_processed_while_the_storage_is_connected(monkeypatch):
    decoded, met = threading.Event(), []
    monkeypatch.setattr(storage, "connect", lambda: met.append(decoded.wait(5)))
    with writing(ignore, Patience()) as files:
        decoded.set()  # too late if the storage came first
        files.start(KEY, content())
        files.wait()
    assert False not in met
    assert files.written_keys() == stored_keys() == [KEY]


def test_a_storage_that_cannot_be_connected_takes_no_file(monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(storage, "connect", lambda: go_on.wait(30))
    with writing(ignore, Patience(0.1)) as files:
        files.start(KEY, content())
        files.wait()
        [error] = files.errors().values()
        files.undo()
    go_on.set()
    assert isinstance(error, TimeoutError)
    assert stored_keys() == []


def test_a_failed_connection_is_the_error_of_each_file(monkeypatch):
    monkeypatch.setattr(storage, "connect", lambda: int("no"))
    with writing(ignore, Patience()) as files:
        files.start(KEY, content())
        files.wait()
        assert isinstance(files.errors()[KEY], ValueError)
        files.undo()


def test_when_no_time_is_left_nothing_is_begun():
    with pytest.raises(StorageUnavailable) as failure, writing(ignore, Patience(0)):
        pass
    assert failure.value.problem == "TimeoutError"


def test_at_exit_files_whose_put_goes_on_are_recorded(monkeypatch):
    go_on, begun, noted = threading.Event(), threading.Event(), {}

    def save(backend, name, given):
        begun.set()
        assert go_on.wait(30)
        return name

    monkeypatch.setattr(InMemoryStorage, "_save", save)
    with writing(noted.update, Patience(0.1)) as files:
        files.start(KEY, content())
        assert begun.wait(5)
        files.undo()
    puts._record_late()
    assert noted == {KEY: "TimeoutError"}
    go_on.set()
    while puts._late:
        time.sleep(0.01)


class TestContent:
    def test_is_read_like_its_file(self):
        one = content(b"abc" * 50_000)
        assert b"".join(one.chunks()) == b"abc" * 50_000
        one.seek(-3, io.SEEK_END)
        assert one.read() == b"abc"
        assert (one.size, one.content_type, one.name) == (150_000, "image/webp", "")

    def test_that_is_withdrawn_leaves_the_file_alone(self):
        file = File(io.BytesIO(b"abcdef"))
        one = Content(file, "image/webp")
        one.read(2)
        one.withdraw()
        for call in (one.read, lambda: one.seek(0), lambda: list(one.chunks())):
            with pytest.raises(ValueError, match="must not be read any more"):
                call()
        assert file.read() == b"cdef"
