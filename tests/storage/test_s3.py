"""Uploads through django-storages to a real S3 server, with signatures, over http and https."""

from __future__ import annotations

import gc
import hashlib
import io
import ssl
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from config.s3 import s3_storage
from django_polyimages import storage
from django_polyimages.models import Image
from tests import seaweedfs
from tests.api.calls import bulk_upload, get, upload
from tests.drawing import REFUSED, photo, upload_of
from tests.helpers import require

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[seaweedfs.Server]:
    require(seaweedfs.weed())
    folder: Path = tmp_path_factory.mktemp("s3")
    with seaweedfs.running(folder) as running:
        yield running


@pytest.fixture(params=["http", "https"])
def bucket(request, server, settings, monkeypatch):
    """A new bucket that the settings of the example project point to."""
    name = f"test-{uuid.uuid4().hex}"
    environment = {
        "ENDPOINT": getattr(server, request.param),
        "ACCESS_KEY": seaweedfs.ACCESS_KEY,
        "SECRET_KEY": seaweedfs.SECRET_KEY,
        "CA_BUNDLE": server.ca_bundle,
    }
    for key, value in environment.items():
        monkeypatch.setenv(f"POLYIMAGES_S3_{key}", value)
    settings.STORAGES = settings.STORAGES | {"polyimages": s3_storage(name)}
    bucket = storage.get_storage().bucket
    bucket.create()
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()
    bucket.meta.client.close()
    gc.collect()


@pytest.fixture
def requests(bucket) -> list[str]:
    """The requests sent, each as ``"PUT key"``; fails on what Cloudflare R2 refuses."""
    sent = []

    def watch(request, **kwargs):
        refused = {"x-amz-acl", "x-amz-tagging", "x-amz-server-side-encryption", "content-encoding"}
        assert refused.isdisjoint(name.lower() for name in request.headers)
        payload = request.headers.get("x-amz-content-sha256", b"")
        assert b"STREAMING" not in (payload if isinstance(payload, bytes) else payload.encode())
        sent.append(f"{request.method} {request.url.partition('/test-')[2].partition('/')[2]}")

    bucket.meta.client.meta.events.register("before-send.s3", watch)
    return sent


def keys_in(bucket) -> list[str]:
    return sorted(item.key for item in bucket.objects.all())


def test_a_phone_s_photo_arrives_whole_and_upright(client, bucket):
    content = photo(3000, 4000, orientation=6, quality=70)
    body = upload(client, upload_of(content)).json()
    stored = bucket.Object(body["file"]).get()
    assert hashlib.sha256(stored["Body"].read()).digest() == hashlib.sha256(content).digest()
    assert stored["ContentType"] == "image/jpeg"
    stem = body["file"].removesuffix(".jpg")
    for name, size in {
        "thumb": (120, 160),
        "sm": (480, 640),
        "md": (768, 1024),
        "lg": (1536, 2048),
    }.items():
        answer = bucket.Object(f"{stem}_{name}.webp").get()
        with PillowImage.open(io.BytesIO(answer["Body"].read())) as version:
            assert (version.format, version.size) == ("WEBP", size)
        assert answer["ContentType"] == "image/webp"
        assert "ContentEncoding" not in answer
    assert len(keys_in(bucket)) == 5


def test_an_upload_is_five_puts_and_nothing_else(client, requests):
    body = upload(client).json()
    stem = body["file"].removesuffix(".jpg")
    keys = [body["file"], *(f"{stem}_{name}.webp" for name in ("thumb", "sm", "md", "lg"))]
    assert sorted(requests) == sorted(f"PUT {key}" for key in keys)


def test_an_original_near_the_limit_is_one_put_too(client, requests):
    noise = PillowImage.effect_noise((4200, 4200), 90)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert 12_000_000 < buffer.tell() < 20 * 1024 * 1024
    assert upload(client, upload_of(buffer.getvalue())).status_code == 200
    assert [request.split()[0] for request in requests] == ["PUT"] * 5


def test_listing_asks_the_storage_nothing(client, bucket, requests):
    bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
    del requests[:]
    body = get(client).json()
    assert len(body["items"]) == 3
    assert requests == []


@pytest.mark.parametrize(
    "case", ["truncated jpeg", "svg", "zero bytes", "png of 900 million pixels"]
)
def test_a_refused_file_sends_no_request(client, requests, case):
    name, content, _code = REFUSED[case]
    assert upload(client, upload_of(content, name)).status_code == 400
    assert requests == []


def test_a_deleted_image_leaves_the_bucket(client, bucket, django_capture_on_commit_callbacks):
    upload(client)
    with django_capture_on_commit_callbacks(execute=True):
        Image.objects.get().delete()
    assert keys_in(bucket) == []


def test_a_wrong_secret_is_a_503_and_leaves_nothing(client, bucket, settings, monkeypatch):
    """So the server does check signatures."""
    monkeypatch.setenv("POLYIMAGES_S3_SECRET_KEY", "wrong")
    settings.STORAGES = settings.STORAGES | {"polyimages": s3_storage(bucket.name)}
    response = upload(client)
    assert response.status_code == 503
    assert not Image.objects.exists()
    assert keys_in(bucket) == []


def test_urls_are_signed_and_work(client, bucket, server):
    url = upload(client).json()["versions"]["thumb"]["url"]
    trusting = ssl.create_default_context(cafile=server.ca_bundle)
    with urllib.request.urlopen(url, context=trusting) as answer:
        assert answer.read(4) == b"RIFF"
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(url.partition("?")[0], context=trusting)
    refused.value.close()


def test_a_storage_that_does_not_answer_is_a_503(client, bucket, settings, monkeypatch):
    monkeypatch.setenv("POLYIMAGES_S3_ENDPOINT", "http://127.0.0.1:9")
    settings.STORAGES = settings.STORAGES | {"polyimages": s3_storage(bucket.name)}
    assert upload(client).status_code == 503
    assert not Image.objects.exists()
