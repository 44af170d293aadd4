from __future__ import annotations

import gc
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from django_polyimages import storage
from django_polyimages.storage.s3 import s3_storage
from tests import seaweedfs
from tests.api.calls import post
from tests.uploads.places import Bucket, Disk, Place, Told


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow)])
def place(request, settings) -> Place:
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def disk_place(settings, tmp_path) -> Place:
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path), "base_url": "/media/"},
    }
    settings.STORAGES = settings.STORAGES | {"polyimages": backend}
    return Disk(tmp_path)


@pytest.fixture
def s3_place(s3_server, settings) -> Iterator[Place]:
    name = f"uploads-{uuid.uuid4().hex}"
    client = seaweedfs.client(s3_server.http)
    client.create_bucket(Bucket=name)
    entry = s3_storage(
        name,
        endpoint_url=s3_server.http,
        access_key=seaweedfs.ACCESS_KEY,
        secret_key=seaweedfs.SECRET_KEY,
        provider="seaweedfs",
    )
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    yield Bucket(client, name)
    client.close()
    storage.get_storage().bucket.meta.client.close()
    gc.collect()


@pytest.fixture
def begin(client) -> Callable[..., Told]:
    """Announces a file through the API, as the editor of Acme."""

    def begin(content: bytes, by: Client = client, org: str = "acme", **changed) -> Told:
        body = {"name": "photo.jpg", "size": len(content)} | changed
        response = post(by, "uploads/", body, org)
        assert response.status_code == 200, response.json()
        return response.json()

    return begin
