"""Everything that the package sends is something that Cloudflare R2 takes, by its documentation."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import urllib3
from django.core.management import CommandError, call_command
from PIL import Image as PillowImage

from django_polyimages import storage
from django_polyimages.models import FileDeletion, Image
from django_polyimages.operations.deletions import carry_out, plan_deletions
from django_polyimages.storage.signing import url_of
from tests.api.calls import bulk_upload, upload
from tests.drawing import photo, to_bytes, upload_of
from tests.r2 import Guard, Refused
from tests.storage.conftest import keys_in

PUT = {"Content-Length": "5"}
PART = 5 * 1024 * 1024
REFUSED = {
    "ACL": ("PUT", "/b/k", PUT | {"x-amz-acl": "public-read"}, b""),
    "grant": ("PUT", "/b/k", PUT | {"x-amz-grant-read": "id=1"}, b""),
    "tags": ("PUT", "/b/k", PUT | {"x-amz-tagging": "a=b"}, b""),
    "encryption": ("PUT", "/b/k", PUT | {"x-amz-server-side-encryption": "AES256"}, b""),
    "storage class": ("PUT", "/b/k", PUT | {"x-amz-storage-class": "GLACIER"}, b""),
    "trailer": ("PUT", "/b/k", PUT | {"X-Amz-Trailer": b"x-amz-checksum-crc32"}, b""),
    "stream": ("PUT", "/b/k", PUT | {"x-amz-content-sha256": "STREAMING-UNSIGNED"}, b""),
    "chunks": ("PUT", "/b/k", PUT | {"Content-Encoding": "gzip,aws-chunked"}, b""),
    "no length": ("PUT", "/b/k", {"Transfer-Encoding": "chunked"}, b""),
    "size": ("PUT", "/b/k", {"Content-Length": str(5 * 1024**3)}, b""),
    "metadata": ("PUT", "/b/k", PUT | {"x-amz-meta-a": "x" * 8200}, b""),
    "key": ("PUT", "/b/" + "k" * 1025, PUT, b""),
    "form": ("POST", "/b", {}, b""),
    "keys": ("POST", "/b?delete", {}, b"<Key>x</Key>" * 1001),
    "expiry": ("GET", "/b/k?X-Amz-Expires=604801", {}, b""),
    "version 2": ("GET", "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1", {}, b""),
    "policy": ("GET", "/b?policy", {}, b""),
}


class TestTheGuard:
    @pytest.mark.parametrize("case", REFUSED)
    def test_refuses(self, case):
        with pytest.raises(Refused):
            Guard().look(*REFUSED[case])

    @pytest.mark.parametrize("sizes", [(PART, PART + 1), (PART, PART + 1, PART), (5, 5)])
    def test_refuses_parts_of_different_sizes(self, sizes):
        guard = Guard()
        with pytest.raises(Refused):
            for size in sizes:
                guard.look("PUT", "/b/k?uploadId=1", {"Content-Length": str(size)}, b"")

    def test_takes_what_r2_takes(self):
        guard = Guard()
        condition = {"If-None-Match": "*", "x-amz-checksum-sha256": "x", "Cache-Control": "private"}
        guard.look("PUT", "/b/k", PUT | condition, b"")
        guard.look("POST", "/b?delete", {}, b"<Key>x</Key>" * 1000)
        for size in (PART, PART, 7):
            guard.look("PUT", "/b/k?uploadId=1", {"Content-Length": str(size)}, b"")
        assert guard.seen == {"PUT": 4, "POST": 1}


@pytest.fixture
def guard(monkeypatch) -> Guard:
    """Over every connection, of boto3 and of everything else."""
    guard, send = Guard(), urllib3.HTTPConnectionPool.urlopen

    def look(self, method, url, body=None, headers=None, *args, **options):
        guard.look(method, url, headers or {}, body)
        return send(self, method, url, body, headers, *args, **options)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", look)
    return guard


@pytest.fixture
def r2(connect, guard):
    """A bucket that the package takes for one of R2."""
    connect(f"test-{uuid.uuid4().hex}", provider="r2")
    bucket = storage.get_storage().bucket
    bucket.create()
    yield bucket
    bucket.meta.client.close()


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "other"])
class TestThePackage:
    def test_uploads_reads_and_deletes(
        self, r2, guard, client, django_capture_on_commit_callbacks: Callable
    ):
        bulk_upload(client, *(upload_of(photo()) for _ in range(3)))
        image = Image.objects.first()
        with django_capture_on_commit_callbacks(execute=True):
            assert Image.objects.regenerate(image, everything=True).failure == ""
        with image.file.open() as original:
            assert original.read() == photo()
        assert Guard().look("GET", url_of(storage.get_storage(), image.key), {}, b"") is None
        with django_capture_on_commit_callbacks(execute=True):
            Image.objects.all().delete()
        assert keys_in(r2) == []
        assert guard.seen["PUT"] >= 15

    def test_sends_the_largest_original_at_once(self, r2, guard, client):
        noise = to_bytes(PillowImage.effect_noise((4200, 4200), 90), "PNG")
        assert len(noise) > 12_000_000
        assert upload(client, upload_of(noise)).status_code == 200
        assert guard.seen["PUT"] == 6  # one of them makes the bucket
        assert guard.seen["POST"] == 0

    def test_deletes_more_files_than_one_request_may_name(self, r2, guard):
        keys = [f"images/img_{number:032x}.jpg" for number in range(2500)]
        FileDeletion.objects.create(keys=keys)
        list(carry_out(plan_deletions(everything=True)))
        assert FileDeletion.objects.count() == 0
        assert guard.seen["POST"] >= 3

    def test_is_audited_and_tried(self, r2, guard, client):
        upload(client)
        call_command("polyimages_audit", "--fix", "--verbosity", "0")
        call_command("polyimages_storage")
        assert len(keys_in(r2)) == 5

    def test_options_that_r2_does_not_take_are_noticed(self, r2, connect):
        connect(r2.name, provider="r2", default_acl="public-read")
        with pytest.raises(CommandError, match="needed: 1"):
            call_command("polyimages_storage")
        storage.get_storage().bucket.meta.client.close()
