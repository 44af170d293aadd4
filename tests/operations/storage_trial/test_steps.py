from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from django_polyimages.operations.storage_trial.steps import Finding, Trial, attempt
from tests.operations.storage_trial.conftest import everything_in


def refuse() -> str:
    answer = {"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::123:user/x"}}
    raise ClientError(answer | {"ResponseMetadata": {"HTTPStatusCode": 403}}, "PutObject")


def find() -> str:
    raise Finding("it is another one", "Look again.")


class TestAttempt:
    def test_what_works_says_what_it_found(self):
        step = attempt("put", lambda: "fast")
        assert (step.works, step.detail, step.is_problem) == (True, "fast", False)

    def test_a_finding_says_what_helps(self):
        step = attempt("put", find)
        assert (step.works, step.detail, step.hint) == (False, "it is another one", "Look again.")
        assert step.is_problem
        assert not attempt("put", find, is_needed=False).is_problem

    def test_an_error_is_told_by_its_name_and_what_helps(self):
        step = attempt("put", refuse)
        assert (step.works, step.detail) == (False, "AccessDenied")
        assert "s3:PutObject" in step.hint
        assert "arn:" not in repr(step)


class TestRemoval:
    def test_files_go_whatever_happens(self, files):
        with pytest.raises(KeyboardInterrupt), Trial(files) as trial:
            trial.put()
            assert len(everything_in(files)) == 1
            raise KeyboardInterrupt
        assert everything_in(files) == []

    def test_a_file_whose_put_has_failed_may_be_there_and_goes(self, files, monkeypatch):
        save = InMemoryStorage._save

        def lose_the_reply(*args):
            save(*args)
            raise ConnectionError

        monkeypatch.setattr(InMemoryStorage, "_save", lose_the_reply)
        with pytest.raises(ConnectionError), Trial(files) as trial:
            trial.put()
        assert everything_in(files) == []

    def test_a_storage_may_choose_another_name(self, files, monkeypatch):
        monkeypatch.setattr(InMemoryStorage, "get_available_name", lambda self, name, **_: "x.webp")
        with Trial(files) as trial:
            assert trial.put() == "x.webp"
            assert everything_in(files) == ["x.webp"]
        assert everything_in(files) == []

    def test_what_is_not_deleted_is_named(self, files, monkeypatch):
        def refuse_to(*args):
            raise PermissionError

        monkeypatch.setattr(InMemoryStorage, "delete", refuse_to)
        with Trial(files) as trial:
            key = trial.put()
            trial.new_file()
        assert key in trial.left

    def test_a_folder_in_use_stays(self, tmp_path):
        with Trial(FileSystemStorage(location=tmp_path)) as trial:
            trial.put()
            (tmp_path / trial.prefix / "other").write_bytes(b"x")
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["other"]
