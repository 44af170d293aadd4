"""Storages to try: a server that checks everything, and one that checks nothing."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.storage import Storage
from storages.backends.s3 import S3Storage

from django_polyimages.operations.storage_trial import Step, Trial, try_storage
from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.s3_backend import S3ImageStorage
from tests import lenient_s3, seaweedfs

KEYS = {"access_key": seaweedfs.ACCESS_KEY, "secret_key": seaweedfs.SECRET_KEY}


@pytest.fixture(params=["http", "https"])
def strict(request, s3_server) -> Iterator[Callable[..., S3Storage]]:
    """Makes a storage with a new bucket of SeaweedFS."""
    made: list[Any] = []
    name = f"test-{uuid.uuid4().hex}"

    def make(**options) -> S3Storage:
        arguments = {"endpoint_url": getattr(s3_server, request.param), "region": "us-east-1"}
        arguments |= {"verify": s3_server.ca_bundle, "provider": "seaweedfs"}
        backend = S3ImageStorage(**s3_storage(name, **KEYS | arguments | options)["OPTIONS"])
        made.append(backend)
        return backend

    make().bucket.create()
    yield make
    for backend in made:
        backend.bucket.meta.client.close()
    gc.collect()


@pytest.fixture
def lenient() -> Iterator[lenient_s3.Lenient]:
    with lenient_s3.running() as server:
        yield server
    gc.collect()


@pytest.fixture
def gullible(lenient) -> Iterator[Callable[..., S3Storage]]:
    """Makes a storage of the server that checks nothing."""
    made: list[Any] = []

    def make(**options) -> S3Storage:
        arguments = {"endpoint_url": lenient.url, "region": "us-east-1"}
        backend = S3ImageStorage(**s3_storage("photos", **KEYS | arguments | options)["OPTIONS"])
        made.append(backend)
        return backend

    yield make
    for backend in made:
        backend.bucket.meta.client.close()


def everything_in(backend: Storage, folder: str = "") -> list[str]:
    """The keys of all files."""
    folders, names = backend.listdir(folder)
    inner = [key for name in folders for key in everything_in(backend, f"{folder}{name}/")]
    return [*(f"{folder}{name}" for name in names), *inner]


def tried(backend: Any, origin: str = "") -> dict[str, Step]:
    """The steps by name."""
    with Trial(backend) as trial:
        steps = {step.name: step for step in try_storage(trial, origin=origin)}
    assert not trial.left
    return steps


def failed(steps: dict[str, Step]) -> list[str]:
    return [name for name, step in steps.items() if not step.works]
