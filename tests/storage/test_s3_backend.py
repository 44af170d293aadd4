"""The headers of objects and the clients; ``test_s3`` and ``test_budgets`` have a real server."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator

import pytest
from botocore.client import ClientCreator

from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.s3_backend import S3ImageStorage

ORIGINAL = f"images/img_{'0a' * 16}.gif"


def storage(**options) -> S3ImageStorage:
    return S3ImageStorage(**s3_storage("bucket", **options)["OPTIONS"])


def test_an_original_is_downloaded_and_a_version_is_shown():
    assert storage().get_object_parameters(ORIGINAL)["ContentDisposition"] == "attachment"
    version = storage().get_object_parameters(ORIGINAL.replace(".gif", "_sm.webp"))
    assert "ContentDisposition" not in version


def test_the_options_come_first():
    own = {"ContentDisposition": "inline"}
    parameters = storage(object_parameters=own).get_object_parameters(ORIGINAL)
    assert parameters["ContentDisposition"] == "inline"


def test_what_the_options_say_is_not_changed():
    own = {"CacheControl": "no-store"}
    backend = storage(object_parameters=own)
    backend.get_object_parameters(ORIGINAL)
    assert backend.object_parameters == {"CacheControl": "no-store"}


KEYS = {"access_key": "key", "secret_key": "secret", "region": "eu-central-1"}


class TestClients:
    """Nothing here sends a request."""

    @pytest.fixture
    def backend(self) -> Iterator[S3ImageStorage]:
        backend = storage(**KEYS)
        yield backend
        backend.bucket.meta.client.close()

    def test_the_threads_that_need_the_first_one_wait_for_it(self, backend, clients):
        start, found = threading.Barrier(6), []

        def work(name: str) -> None:
            start.wait(10)
            found.append(getattr(backend, name).meta.client)

        names = ["connection", "bucket"] * 3
        workers = [threading.Thread(target=work, args=(name,)) for name in names]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(clients) == 1
        assert len(set(map(id, found))) == 1

    def test_urls_without_a_signature_take_one_more(self, clients):
        backend = storage(**KEYS, signed_urls=False)
        urls: list[str] = []
        for _ in range(3):
            worker = threading.Thread(target=lambda: urls.append(backend.url("x.webp")))
            worker.start()
            worker.join()
        assert urls == ["https://s3.eu-central-1.amazonaws.com/bucket/x.webp"] * 3
        assert len(clients) == 2
        for connection in (backend.connection, backend.unsigned_connection):
            connection.meta.client.close()

    def test_a_storage_that_was_sent_to_another_process_makes_its_own(self, backend, clients):
        first = backend.connection.meta.client
        copy = pickle.loads(pickle.dumps(backend))
        assert copy.bucket_name == "bucket"
        assert copy.connection.meta.client is not first
        assert len(clients) == 2
        copy.connection.meta.client.close()

    def test_a_forked_process_makes_its_own(self, backend, monkeypatch):
        """Two processes must not write to one connection."""
        first = backend.bucket.meta.client
        child = os.fork()
        if child == 0:
            own = backend.bucket.meta.client
            os._exit(7 if own is not first and own is backend.connection.meta.client else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert backend.bucket.meta.client is first

    def test_a_process_that_was_forked_meanwhile_does_not_wait_for_ever(self, backend, monkeypatch):
        making, go_on = threading.Event(), threading.Event()
        real = ClientCreator.create_client

        def create_client(self, *arguments, **options):
            making.set()
            assert go_on.wait(10)
            return real(self, *arguments, **options)

        monkeypatch.setattr(ClientCreator, "create_client", create_client)
        worker = threading.Thread(target=lambda: backend.bucket)
        worker.start()
        assert making.wait(10)
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # or it would wait for ever
            go_on.set()
            os._exit(7 if backend.bucket else 1)
        go_on.set()
        worker.join()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
