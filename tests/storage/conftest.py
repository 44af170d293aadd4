"""Buckets of a real S3 server, over http and https."""

from __future__ import annotations

import gc
import threading
import uuid
from collections.abc import Callable

import pytest
from botocore.client import ClientCreator

from django_polyimages import storage
from django_polyimages.storage.s3 import s3_storage
from tests import seaweedfs


def keys_in(bucket) -> list[str]:
    return sorted(item.key for item in bucket.objects.all())


@pytest.fixture(scope="session")
def server(s3_server) -> seaweedfs.Server:
    return s3_server


@pytest.fixture(params=["http", "https"])
def connect(request, server, settings) -> Callable[..., None]:
    """Configures the storage to use a bucket of the server."""

    def put_images_into(bucket: str, alias: str = "polyimages", **changes) -> None:
        arguments = {
            "endpoint_url": getattr(server, request.param),
            "access_key": seaweedfs.ACCESS_KEY,
            "secret_key": seaweedfs.SECRET_KEY,
            "verify": server.ca_bundle,
        }
        entry = s3_storage(bucket, **arguments | changes)
        settings.STORAGES = settings.STORAGES | {alias: entry}

    return put_images_into


@pytest.fixture
def bucket(connect):
    """A new bucket for the images. It is gone when the server is."""
    connect(f"test-{uuid.uuid4().hex}")
    bucket = storage.get_storage().bucket
    bucket.create()
    yield bucket
    bucket.meta.client.close()
    gc.collect()


@pytest.fixture
def private(connect, bucket, settings):
    """A second bucket, for originals; everyone can read the first one."""
    connect(bucket.name, signed_urls=False)
    connect(f"test-{uuid.uuid4().hex}", alias="originals")
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    private = storage.get_original_storage().bucket
    private.create()
    yield private
    private.meta.client.close()
    storage.get_storage().bucket.meta.client.close()
    gc.collect()


@pytest.fixture
def requests(bucket) -> list[str]:
    """Records requests as ``"PUT key"``; fails on headers that Cloudflare R2 rejects."""
    sent = []

    def watch(request, **kwargs):
        refused = {"x-amz-acl", "x-amz-tagging", "x-amz-server-side-encryption", "content-encoding"}
        assert refused.isdisjoint(name.lower() for name in request.headers)
        payload = request.headers.get("x-amz-content-sha256", b"")
        assert b"STREAMING" not in (payload if isinstance(payload, bytes) else payload.encode())
        sent.append(f"{request.method} {request.url.partition('/test-')[2].partition('/')[2]}")

    bucket.meta.client.meta.events.register("before-send.s3", watch)
    return sent


@pytest.fixture
def clients(monkeypatch) -> list[str]:
    """The threads that have made a client of boto3 since."""
    made: list[str] = []
    real = ClientCreator.create_client

    def create_client(self, *arguments, **options):
        made.append(threading.current_thread().name)
        return real(self, *arguments, **options)

    monkeypatch.setattr(ClientCreator, "create_client", create_client)
    return made
