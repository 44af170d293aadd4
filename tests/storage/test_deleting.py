from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError
from django.core.files.storage import InMemoryStorage
from storages.backends.s3 import S3Storage

from django_polyimages import storage
from django_polyimages.models import FileDeletion, Image
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.storage.deleting import can_delete_in_batches
from tests.builders import fake_images
from tests.seaweedfs import READER
from tests.storage.conftest import keys_in

pytestmark = pytest.mark.django_db
KEYS = [f"images/img_{number:032x}_lg.webp" for number in range(2001)]


class FakeBucket:
    """A bucket that remembers its requests, refuses keys with "9" and takes time to answer."""

    def __init__(self, status: int | None = None) -> None:
        self.requests: list[list[str]] = []
        self.status = status

    def delete_objects(self, Delete):
        time.sleep(0.05)
        if self.status:
            answer = {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": self.status}}
            raise ClientError(answer, "DeleteObjects")
        keys = [one["Key"] for one in Delete["Objects"]]
        self.requests.append(keys)
        refused = [key for key in keys if key.endswith("9_lg.webp")]
        return {"Errors": [{"Key": key, "Code": "AccessDenied"} for key in refused]}

    def Object(self, key):
        bucket = self

        class Object:
            def delete(self):
                time.sleep(0.05)
                bucket.requests.append([key])

        return Object()


@pytest.fixture
def fake(settings, monkeypatch):
    """Django-storages' S3 storage with a fake bucket, below the folder ``site``."""
    options = {"bucket_name": "photos", "location": "site"}
    entry = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    bucket = FakeBucket()
    monkeypatch.setattr(S3Storage, "bucket", bucket)
    return bucket


def test_a_thousand_files_are_one_request(fake):
    failures = delete_files(KEYS)
    assert sorted(len(keys) for keys in fake.requests) == [1, 1000, 1000]
    assert sorted(key for keys in fake.requests for key in keys) == [f"site/{key}" for key in KEYS]
    assert set(failures) == {key for key in KEYS if key.endswith("9_lg.webp")}
    assert set(failures.values()) == {"AccessDenied"}


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_knows_no_batches_gets_one_request_a_file(fake, status):
    fake.status = status
    assert delete_files(KEYS[:10]) == {}
    assert fake.requests == [[f"site/{key}"] for key in KEYS[:10]]


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_request_that_fails_as_a_whole_fails_for_each_of_its_files(fake, status):
    fake.status = status
    assert delete_files(KEYS[:10]) == dict.fromkeys(KEYS[:10], "X")
    assert fake.requests == []


def test_one_problem_is_logged_once(fake, caplog):
    fake.status = 403
    delete_files(KEYS[:10])
    [record] = caplog.records
    assert "Deleting 10 files" in record.getMessage()


def test_a_storage_with_its_own_deletion_is_asked_for_each_file(settings, fake):
    class Archive(S3Storage):
        def delete(self, name):
            raise NotImplementedError

    assert can_delete_in_batches(storage.get_storage())
    assert not can_delete_in_batches(Archive(bucket_name="photos"))
    assert not can_delete_in_batches(InMemoryStorage())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["queryset", "cascade"])
def test_twenty_images_are_one_request(fake, acme, way):
    fake_images(acme, 20)
    acme.delete() if way == "cascade" else Image.objects.all().delete()
    assert len(fake.requests) == 1
    assert len(fake.requests[0]) > 20
    assert not FileDeletion.objects.exists()


@pytest.mark.slow
def test_a_real_server_deletes_a_batch(bucket, requests):
    present = KEYS[:1500]
    for key in present[:20]:
        bucket.put_object(Key=key, Body=b"x")
    del requests[:]
    assert delete_files(present) == {}
    assert [request.partition(" ")[0] for request in requests] == ["POST", "POST"]
    assert keys_in(bucket) == []


@pytest.mark.slow
def test_a_real_server_refuses_a_batch(bucket, connect):
    bucket.put_object(Key=KEYS[0], Body=b"x")
    connect(bucket.name, access_key=READER)
    assert delete_files(KEYS[:2]) == dict.fromkeys(KEYS[:2], "AccessDenied")
    assert keys_in(bucket) == [KEYS[0]]
