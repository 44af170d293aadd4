from __future__ import annotations

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from django_polyimages.operations.storage_trial import Trial, try_storage
from tests.operations.storage_trial.conftest import everything_in, failed, tried

EVERY = ["put", "get", "list", "delete"]


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    steps = tried(FileSystemStorage(location=tmp_path))
    assert list(steps) == EVERY
    assert failed(steps) == []
    assert list(tmp_path.iterdir()) == []


def test_uploads_that_wait_there_stay(tmp_path):
    waiting = tmp_path / "images-incoming" / "token"
    waiting.parent.mkdir()
    waiting.write_bytes(b"x")
    assert failed(tried(FileSystemStorage(location=tmp_path))) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [waiting]


def test_files_are_below_the_prefix_of_uploads_that_wait(files, settings):
    with Trial(files) as trial:
        steps = try_storage(trial)
        next(steps)
        [key] = everything_in(files)
        assert key.startswith("images-incoming/trial-")
    assert everything_in(files) == []


def test_nothing_else_is_tried_if_writing_fails(files, monkeypatch):
    def fail(*args):
        raise PermissionError("secret-bucket")

    monkeypatch.setattr(InMemoryStorage, "_save", fail)
    [step] = tried(files).values()
    assert (step.name, step.is_problem, step.detail) == ("put", True, "PermissionError")


class Blind(InMemoryStorage):
    def listdir(self, path):
        raise NotImplementedError("no lists")


class Deaf(InMemoryStorage):
    def _open(self, name, mode="rb"):
        file = super()._open(name, mode)
        file.seek(0, 2)
        return file


class Keeping(InMemoryStorage):
    """Deletes nothing the first time."""

    asked = False

    def delete(self, name):
        if self.asked:
            super().delete(name)
        self.asked = True


@pytest.mark.parametrize(("kind", "name"), [(Blind, "list"), (Deaf, "get"), (Keeping, "delete")])
def test_a_step_that_fails_does_not_stop_the_others(kind, name):
    backend = kind()
    steps = tried(backend)
    assert list(steps) == EVERY
    assert failed(steps) == [name]
    assert steps[name].is_problem
    assert kind is Blind or everything_in(backend) == []
