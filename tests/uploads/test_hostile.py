"""What a client can try with a place for one file: each is refused, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import botocore.auth
import pytest
from django.test import Client
from django.utils import timezone

from django_polyimages.models import Image, PendingUpload
from django_polyimages.operations.maintenance import maintain, plan_maintenance
from django_polyimages.pipeline import store
from tests.api.calls import post, send
from tests.builders import logged_in
from tests.drawing import bomb, photo, png, quarters, to_bytes
from tests.uploads.places import Told, keys_of_rows

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])

PHOTO, OTHER = photo(), photo(quality=60)
OTHER += b"\0" * (len(PHOTO) - len(OTHER))
"""Another picture in as many bytes."""
JPEG = {"type": "image/jpeg"}


def complete(client: Client, told: Told, org: str = "acme") -> tuple[int, str]:
    """The status, and the code if it is an error."""
    response = post(client, f"uploads/{told['id']}/complete/", {}, org)
    return response.status_code, response.json().get("code", "")


def sweep() -> None:
    """What ``polyimages_maintain`` does on the next day."""
    PendingUpload.objects.update(expires_at=timezone.now() - timedelta(days=1))
    list(maintain(plan_maintenance()))
    assert not PendingUpload.objects.exists()


def incoming_of(told: Told) -> str:
    return PendingUpload.objects.get(pk=told["id"]).key


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class TestAnotherFile:
    @pytest.mark.parametrize(
        "content", [PHOTO + b"a", PHOTO[:-1], b""], ids=["longer", "shorter", "none"]
    )
    def test_of_another_length_is_not_accepted(self, place, client, begin, content):
        told = begin(PHOTO)
        assert place.put(told, content) in (400, 403)
        assert complete(client, told) == (400, "not_sent")
        assert place.listing() == []

    def test_of_another_type_is_not_accepted(self, place, client, begin):
        told = begin(PHOTO, **JPEG)
        assert place.put(told, PHOTO, {"Content-Type": "image/png"}) in (400, 403)
        assert complete(client, told) == (400, "not_sent")
        assert place.listing() == []

    def test_with_the_content_of_another_type_is_deleted(self, place, client, begin):
        content = to_bytes(quarters(), "PNG")
        told = begin(content, **JPEG)
        if place.put(told, content) == 200:
            assert complete(client, told) == (400, "other_file")
        assert place.listing() == []

    def test_that_is_a_page_is_deleted(self, place, client, begin):
        page = b"<!doctype html><script>alert(1)</script>"
        told = begin(page, **JPEG)
        assert place.put(told, page) in (200, 204)
        assert complete(client, told) == (400, "not_an_image")
        assert complete(client, told) == (404, "upload_gone")
        assert place.listing() == []

    @pytest.mark.parametrize("content", [bomb(), png(70_000, 1, rows=b"\0" * 70_001)])
    def test_that_is_a_bomb_is_deleted(self, place, client, begin, content):
        told = begin(content)
        assert place.put(told, content) in (200, 204)
        assert complete(client, told) == (400, "too_many_pixels")
        assert place.listing() == []

    def test_that_is_damaged_is_deleted(self, place, client, begin):
        told = begin(PHOTO[:-500])
        place.put(told, PHOTO[:-500])
        assert complete(client, told) == (400, "damaged")
        assert place.listing() == []

    def test_with_another_digest_is_not_accepted(self, place, client, begin):
        told = begin(PHOTO, sha256=sha256(PHOTO))
        assert place.put(told, OTHER) == 400
        assert complete(client, told) == (400, "not_sent")
        assert place.listing() == []
        assert place.put(told, PHOTO) in (200, 204)
        assert complete(client, told) == (200, "")


class TestAnotherPlace:
    def test_that_has_expired_is_gone(self, place, client, begin):
        told = begin(PHOTO)
        assert place.put(told, PHOTO) in (200, 204)
        PendingUpload.objects.update(expires_at=timezone.now())
        assert complete(client, told) == (404, "upload_gone")
        sweep()
        assert place.listing() == []

    def test_that_has_expired_takes_no_file(self, place, begin, monkeypatch):
        with monkeypatch.context() as patch:
            before = datetime.now(UTC) - timedelta(hours=2)
            patch.setattr(
                botocore.auth,
                "get_current_datetime",
                lambda remove_tzinfo=True: before.replace(tzinfo=None),
            )
            told = begin(PHOTO)
        PendingUpload.objects.update(expires_at=timezone.now())
        assert place.put(told, PHOTO) == 403
        assert place.listing() == []

    def test_of_another_organization_or_user_is_not_found(self, place, acme, other, begin):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        strangers = [
            (logged_in("colleague", acme), "acme"),
            (logged_in("stranger", other), "other"),
        ]
        for client, org in strangers:
            assert complete(client, told, org) == (404, "upload_gone")
            assert send(client, "DELETE", f"uploads/{told['id']}/", None, org).status_code == 404
        assert place.listing() == [incoming_of(told)]
        sweep()
        assert place.listing() == []


class TestAgain:
    def test_completing_makes_no_second_image(self, place, client, begin):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        assert complete(client, told) == (200, "")
        assert complete(client, told) == (409, "used")
        assert Image.objects.count() == 1
        assert place.listing() == keys_of_rows()

    def test_sending_replaces_nothing(self, place, client, begin):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        assert place.put(told, OTHER) == 412
        assert complete(client, told) == (200, "")
        assert place.read(Image.objects.get().key) == PHOTO

    @pytest.mark.parametrize("ending", ["completed", "cancelled"])
    def test_sending_later_leaves_nothing(self, place, client, begin, ending):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        if ending == "completed":
            complete(client, told)
        else:
            send(client, "DELETE", f"uploads/{told['id']}/", None)
        assert place.listing() == keys_of_rows()
        place.put(told, OTHER)  # S3 takes it, as there is no such object
        assert complete(client, told)[0] in (404, 409)
        sweep()
        assert place.listing() == keys_of_rows()
        assert [place.read(one.key) for one in Image.objects.all()] in ([PHOTO], [])


class TestAFileThatIsSwapped:
    """As providers without conditional writes allow it, and everybody who can write the bucket."""

    def test_before_it_is_read_is_what_was_checked(self, place, client, begin):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        place.write(incoming_of(told), OTHER)
        assert complete(client, told) == (200, "")
        image = Image.objects.get()
        assert place.read(image.key) == OTHER
        assert image.sha256 == sha256(OTHER)
        assert place.listing() == keys_of_rows()

    @pytest.mark.parametrize("swapped", [OTHER, PHOTO + b"a", b"x" * len(PHOTO)])
    def test_after_a_digest_was_announced_is_refused(self, place, client, begin, swapped):
        told = begin(PHOTO, sha256=sha256(PHOTO))
        place.put(told, PHOTO)
        place.write(incoming_of(told), swapped)
        assert complete(client, told) == (400, "other_file")
        assert place.listing() == []

    def test_between_reading_and_storing_changes_nothing(self, place, client, begin, monkeypatch):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        key, real = incoming_of(told), store.inspect

        def swap_and_inspect(file):
            file.read(1)  # now it has been read
            place.write(key, b"<script>alert(1)</script>")
            return real(file)

        monkeypatch.setattr(store, "inspect", swap_and_inspect)
        assert complete(client, told) == (200, "")
        image = Image.objects.get()
        assert place.read(image.key) == PHOTO
        assert image.sha256 == sha256(PHOTO)
        assert place.listing() == keys_of_rows()


class TestOnS3Alone:
    @pytest.fixture
    def place(self, s3_place):
        return s3_place

    pytestmark = pytest.mark.slow

    @pytest.mark.parametrize(
        "header", ["Content-Type", "Content-Disposition", "If-None-Match", "x-amz-checksum-sha256"]
    )
    def test_every_header_has_to_be_sent(self, place, begin, header):
        told = begin(PHOTO, sha256=sha256(PHOTO), **JPEG)
        assert place.put(told, PHOTO, {header: ""}) == 403
        assert place.listing() == []

    def test_a_file_that_ends_early_is_no_file(self, place, client, begin):
        told = begin(PHOTO)
        url = urlsplit(told["url"])
        lines = [f"PUT {url.path}?{url.query} HTTP/1.1", f"Host: {url.netloc}"]
        lines += [f"{name}: {value}" for name, value in told["headers"].items()]
        lines += [f"Content-Length: {len(PHOTO)}", "", ""]
        with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
            connection.sendall("\r\n".join(lines).encode() + PHOTO[:100])
        assert complete(client, told) == (400, "not_sent")
        assert place.listing() == []

    def test_no_byte_passes_through_the_site(self, place, client, begin):
        told = begin(PHOTO)
        assert told["url"].startswith("http://127.0.0.1")
        path = f"/api/v1/images/orgs/acme/uploads/{told['id']}/file/?token=a"
        assert client.put(path, PHOTO, content_type="image/jpeg").status_code == 403
