from __future__ import annotations

import errno
import logging
import os

import pytest
from django.core.files.storage import FileSystemStorage

from django_polyimages import StorageUnavailable
from django_polyimages.models import Image
from django_polyimages.pipeline.rollback import wait_for_removals
from django_polyimages.storage.problems import problem_of
from tests import seaweedfs
from tests.api.calls import upload
from tests.drawing import photo
from tests.helpers import store_one
from tests.storage.conftest import keys_in

pytestmark = pytest.mark.django_db
SECRETS = (seaweedfs.ACCESS_KEY, seaweedfs.SECRET_KEY, "127.0.0.1", "test-", "img_")


def the_error(caplog) -> logging.LogRecord:
    """The only record of an error of the package; no other has a traceback either."""
    [record] = [one for one in caplog.records if one.name == "django_polyimages"]
    assert record.exc_info
    return record


S3_PROBLEMS = {
    "a missing bucket": ({"bucket": "test-missing"}, "NoSuchBucket", "does not exist"),
    "a wrong secret": ({"secret_key": "wrong"}, "SignatureDoesNotMatch", "secret key is wrong"),
    "an unknown key": ({"access_key": "nobody"}, "InvalidAccessKeyId", "access key is unknown"),
    "no permission": ({"access_key": seaweedfs.READER}, "AccessDenied", "needs s3:PutObject"),
}


@pytest.mark.slow
class TestS3:
    @pytest.mark.parametrize("case", S3_PROBLEMS)
    def test_a_refusal_is_named_and_logged_once(self, case, client, bucket, connect, caplog):
        change, name, hint = S3_PROBLEMS[case]
        connect(**{"bucket": bucket.name} | change)
        response = upload(client)
        assert response.status_code == 503
        assert f"({name})" in response.json()["detail"]
        assert "An administrator must solve the problem" in response.json()["detail"]
        assert not any(secret in response.json()["detail"] for secret in SECRETS)
        message = the_error(caplog).getMessage()
        assert message.startswith(f"Storing an original failed ({name}).")
        assert hint in message
        assert not Image.objects.exists()
        assert keys_in(bucket) == []

    @pytest.mark.django_db(transaction=True)  # what is left over is recorded by another thread
    def test_a_server_that_cannot_be_reached_may_be_tried_again(
        self, client, bucket, connect, caplog
    ):
        connect(bucket.name, endpoint_url="http://127.0.0.1:9")
        response = upload(client)
        assert response.status_code == 503
        assert "Try again later" in response.json()["detail"]
        assert "EndpointConnectionError" in caplog.records[0].getMessage()
        assert "Check its address" in caplog.records[0].getMessage()
        assert wait_for_removals(30)
        assert len([one for one in caplog.records if one.exc_info]) == 2  # of the PUT, of the undo
        assert not Image.objects.exists()


class TestDisk:
    @pytest.fixture(autouse=True)
    def disk(self, settings, tmp_path) -> None:
        disk = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
        location = {"OPTIONS": {"location": str(tmp_path / "media")}}
        settings.STORAGES = settings.STORAGES | {"polyimages": disk | location}

    def test_a_file_in_place_of_a_folder(self, tmp_path, caplog):
        (tmp_path / "media").write_bytes(b"")
        with pytest.raises(StorageUnavailable, match=r"\((NotADirectory|FileExists)Error\)"):
            store_one()
        assert "is a file instead of a folder" in the_error(caplog).getMessage()

    @pytest.mark.parametrize(
        ("number", "name", "hint"),
        [
            (errno.EACCES, "PermissionError", "Check the owner and mode"),
            (errno.EROFS, "EROFS", "read-only"),
            (errno.ENOSPC, "ENOSPC", "The disk is full"),
            (errno.EDQUOT, "EDQUOT", "quota"),
        ],
    )
    def test_an_error_of_the_system(self, number, name, hint, caplog, monkeypatch):
        """Raised by a patch: root may write everywhere, and a test cannot fill a disk."""

        def save(*args):
            raise OSError(number, os.strerror(number), "/srv/media/img_1.jpg")

        monkeypatch.setattr(FileSystemStorage, "_save", save)
        with pytest.raises(StorageUnavailable) as caught:
            store_one(photo())
        assert caught.value.problem == name
        assert "/srv" not in str(caught.value)
        assert hint in the_error(caplog).getMessage()


def test_an_error_that_nobody_knows_may_be_tried_again():
    problem = problem_of(RuntimeError("secret"))
    assert (problem.name, problem.is_temporary, problem.is_refusal) == ("RuntimeError", True, False)


@pytest.mark.parametrize(
    ("status", "code", "temporary", "refused"),
    [
        (400, "InvalidRequest", False, True),
        (400, "RequestTimeout", True, True),
        (403, "AccessDenied", False, True),
        (429, "", True, True),
        (500, "InternalError", True, False),
        (503, "SlowDown", True, False),
    ],
)
def test_a_response_of_s3_is_known_by_its_code(status, code, temporary, refused):
    botocore = pytest.importorskip("botocore.exceptions")
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    problem = problem_of(botocore.ClientError(answer, "PutObject"))
    assert problem.name == (code or f"HTTP{status}")
    assert (problem.is_temporary, problem.is_refusal) == (temporary, refused)
