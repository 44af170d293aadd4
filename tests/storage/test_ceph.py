"""A second real S3 server, which is strict where SeaweedFS is not; where it is installed."""

from __future__ import annotations

import gc
import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.operations.storage_trial import cors_rule
from django_polyimages.storage.providers import PROVIDERS
from django_polyimages.storage.s3 import s3_storage
from tests import radosgw, seaweedfs
from tests.api.calls import upload
from tests.drawing import photo
from tests.operations.storage_trial.conftest import failed, tried
from tests.storage.conftest import keys_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SITE = "https://example.com"


@pytest.fixture(scope="module")
def ceph(tmp_path_factory) -> Iterator[seaweedfs.Server]:
    if missing := radosgw.missing():
        pytest.skip(f"Ceph is not installed: {', '.join(missing)}")
    with radosgw.running(tmp_path_factory.mktemp("ceph")) as running:
        yield running


@pytest.fixture(params=["http", "https"])
def bucket(request, ceph, settings):
    entry = s3_storage(
        f"test-{uuid.uuid4().hex}",
        endpoint_url=getattr(ceph, request.param),
        access_key=seaweedfs.ACCESS_KEY,
        secret_key=seaweedfs.SECRET_KEY,
        provider="ceph",
        region="us-east-1",
        verify=ceph.ca_bundle,
    )
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    bucket = storage.get_storage().bucket
    bucket.create()
    yield bucket
    bucket.meta.client.close()
    gc.collect()


def test_everything_that_is_needed_works(bucket):
    rule = cors_rule(PROVIDERS["ceph"], SITE)
    bucket.meta.client.put_bucket_cors(
        Bucket=bucket.name, CORSConfiguration={"CORSRules": json.loads(json.dumps(rule))}
    )
    steps = tried(storage.get_storage(), SITE)
    assert failed(steps) == ["no upload of other bytes"]  # it knows no x-amz-checksum-sha256
    assert not any(step.is_problem for step in steps.values())
    assert keys_in(bucket) == []


def test_a_bucket_without_a_rule_takes_no_uploads_of_pages(bucket):
    steps = tried(storage.get_storage(), SITE)
    assert steps[f"CORS from {SITE}"].is_problem


def test_images_are_uploaded_read_and_deleted(
    bucket, client, django_capture_on_commit_callbacks: Callable
):
    assert upload(client).status_code == 200
    image = Image.objects.get()
    assert len(keys_in(bucket)) == 5
    with image.file.open() as original:
        assert original.read() == photo()
    with django_capture_on_commit_callbacks(execute=True):
        image.delete()
    assert keys_in(bucket) == []
