"""What each way of uploading, and each use in threads, costs on a real S3 server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.storage import Storage
from django.db import connection

from django_polyimages import storage
from django_polyimages.models import Image
from django_polyimages.pipeline.deleting import ignore
from django_polyimages.pipeline.store import store_files
from tests.admin.inline.sending import save
from tests.api.calls import bulk_upload, upload
from tests.drawing import photo, upload_of
from tests.storage.conftest import keys_in
from tests.test_forms import photo_form

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def methods(requests: list[str]) -> list[str]:
    return [one.partition(" ")[0] for one in requests]


class TestAnUploadIsFivePuts:
    @pytest.mark.parametrize("limit", [200_000, 9 * 1024 * 1024], ids=["small", "large"])
    def test_of_a_file_that_is_as_large_as_allowed(self, client, requests, settings, limit):
        """boto3 divides files from 8 MiB on."""
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_BYTES": limit}
        content = photo()
        content += b"\0" * (limit - len(content))
        body = upload(client, upload_of(content)).json()
        assert body["byte_size"] == limit
        assert methods(requests) == ["PUT"] * 5

    def test_by_a_form(self, acme, requests):
        form = photo_form(photo())
        assert form.is_valid()
        Image.objects.upload(form.cleaned_data["photo"], organization=acme)
        assert methods(requests) == ["PUT"] * 5

    def test_in_the_library(self, acme, admin_client, requests):
        data = {"upload": upload_of(photo()), "organization": acme.pk}
        assert admin_client.post("/admin/polyimages/image/add/", data).status_code == 302
        assert methods(requests) == ["PUT"] * 5

    def test_in_the_page_of_an_object(self, contact, admin_client, requests):
        assert save(admin_client, contact, uploads=[upload_of(photo())]).status_code == 302
        assert methods(requests) == ["PUT"] * 5

    def test_for_each_of_many(self, client, requests):
        answers = bulk_upload(client, *(upload_of(photo()) for _ in range(4))).json()
        assert [one["status"] for one in answers] == ["success"] * 4
        assert methods(requests) == ["PUT"] * 20

    def test_of_an_object_that_is_attached_at_once(self, contact, requests):
        contact.images.attach(upload_of(photo()))
        assert methods(requests) == ["PUT"] * 5


def read(backend: Storage, image: Image) -> bytes:
    with backend.open(image.key) as file:
        content: bytes = file.read()
    return content


class TestClients:
    """Of boto3: each costs 100 ms of CPU time and more."""

    def test_fifty_uploads_from_eight_threads_share_one(self, bucket, requests, clients):
        """Without their rows, which SQLite would not insert at the same time."""
        content = photo(40, 30)

        def work(_number: int) -> None:
            store_files(upload_of(content), None, ignore)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(50)))
        assert methods(requests) == ["PUT"] * 250
        assert clients == []  # the fixture of the bucket has made it
        assert len(keys_in(bucket)) == 250

    @pytest.mark.parametrize(
        "use",
        [
            lambda backend, image: [version.url for version in image.versions.values()],
            lambda backend, image: backend.url(image.key),
            lambda backend, image: backend.exists(image.key),
            read,
            lambda backend, image: backend.listdir("images"),
            lambda backend, image: image.file.size,
        ],
        ids=["versions", "url", "exists", "open", "listdir", "size"],
    )
    def test_new_threads_share_it(self, acme, bucket, clients, use: Callable[..., object]):
        image = Image.objects.upload(upload_of(photo(40, 30)), organization=acme)
        answers: list[object] = []

        def work() -> None:
            answers.append(use(storage.get_storage(), image))
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(answers) == 4
        assert clients == []

    def test_deletions_share_it(self, acme, bucket, requests, clients):
        for _ in range(3):
            Image.objects.upload(upload_of(photo(40, 30)), organization=acme)
        del requests[:]
        Image.objects.all().delete()
        assert methods(requests) == ["POST"]
        assert clients == []
        assert keys_in(bucket) == []
