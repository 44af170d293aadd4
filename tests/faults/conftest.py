"""A real S3 server with a bucket for each test, and the auditor who looks into it."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from django_polyimages.storage.s3 import s3_storage
from tests import seaweedfs
from tests.faults.auditor import Auditor


@pytest.fixture(scope="session")
def server(s3_server) -> seaweedfs.Server:
    return s3_server


@pytest.fixture(scope="session")
def client_of_auditor(server) -> Iterator[Any]:
    client = seaweedfs.client(server.http)
    yield client
    client.close()


@pytest.fixture
def bucket(client_of_auditor) -> Iterator[str]:
    """The name of a new bucket."""
    name = f"test-{uuid.uuid4().hex}"
    client_of_auditor.create_bucket(Bucket=name)
    yield name
    gc.collect()  # sockets that the package has left to the garbage collector


@pytest.fixture
def stored_in_bucket(bucket, server, settings) -> dict[str, Any]:
    """Lets the package use the bucket; returns the entry of ``STORAGES``."""
    entry = s3_storage(
        bucket,
        endpoint_url=server.http,
        access_key=seaweedfs.ACCESS_KEY,
        secret_key=seaweedfs.SECRET_KEY,
    )
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    return entry


@pytest.fixture
def auditor(client_of_auditor, bucket) -> Auditor:
    """Who looks into the bucket and the database of this test."""
    return Auditor(client_of_auditor, bucket, connection)
