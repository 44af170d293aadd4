"""A storage that does not answer, measured from outside: how long requests take, what is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import transaction
from django.urls import reverse

from django_polyimages import StorageUnavailable, storage
from django_polyimages.models import FileDeletion, Image
from django_polyimages.pipeline import puts, threads
from django_polyimages.pipeline.rollback import wait_for_removals
from django_polyimages.storage.s3 import s3_storage
from tests.api.calls import bulk_upload, send, upload
from tests.builders import uploaded
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys
from tests.silent import black_hole

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 1
"""``STORAGE_TIMEOUT`` in these tests."""
LONGER = 4
"""``STORAGE_TIMEOUT`` where waiting once has to be told from waiting several times."""
WORK = 12.0
"""How many seconds anything but waiting may take, on a busy machine. Without a limit of the
package, the fastest of these requests takes 30.
"""


@pytest.fixture(autouse=True)
def impatient(settings) -> Iterator[None]:
    settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": SECONDS}
    yield
    threads._forget()  # the next test must not wait for threads that still wait for the storage
    wait_for_removals(10)


@contextmanager
def takes_at_most(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def recorded() -> list[str]:
    assert wait_for_removals(10)
    return sorted(key for one in FileDeletion.objects.all() for key in one.keys)


def defaults_of_django_storages(url: str) -> dict:
    options = {"bucket_name": "b", "endpoint_url": url, "access_key": "k", "secret_key": "s"}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def recommended(url: str) -> dict:
    return s3_storage("b", endpoint_url=url, access_key="k", secret_key="s")


@pytest.fixture(params=[recommended, defaults_of_django_storages])
def swallowed(request, settings, impatient) -> Iterator[Callable[[], None]]:
    """A call after which the images are in a bucket of a server that never answers."""
    with black_hole() as hole:

        def swallow() -> None:
            settings.STORAGES = settings.STORAGES | {"polyimages": request.param(hole.url)}

        yield swallow
        hole.release()
        assert eventually(lambda: not puts._late)


class Blocked:
    """Stops the calls of a method of the storage until they may go on."""

    def __init__(self, monkeypatch, name: str, part: str) -> None:
        self.go_on = threading.Event()
        self.begun: list[str] = []
        self.ended: list[str] = []
        real = getattr(InMemoryStorage, name)

        def wait_first(backend, key, *rest):
            if part not in key:
                return real(backend, key, *rest)
            self.begun.append(key)
            assert self.go_on.wait(30)
            try:
                return real(backend, key, *rest)
            finally:
                self.ended.append(key)

        monkeypatch.setattr(InMemoryStorage, name, wait_first)

    def finish(self) -> None:
        """Let all calls go on, and wait for those that have begun."""
        self.go_on.set()
        assert eventually(lambda: len(self.ended) == len(self.begun))


@pytest.fixture
def blocked(monkeypatch) -> Iterator[Callable[..., Blocked]]:
    made: list[Blocked] = []

    def block(name: str, part: str = "") -> Blocked:
        made.append(Blocked(monkeypatch, name, part))
        return made[-1]

    yield block
    for one in made:
        one.go_on.set()


class TestAServerThatNeverAnswers:
    def test_holds_an_upload_no_longer_than_allowed(self, client, acme, swallowed):
        swallowed()
        with takes_at_most(SECONDS + WORK):
            answer = upload(client)
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert not Image.objects.exists()

    def test_is_asked_once_by_a_bulk_upload(self, client, acme, swallowed):
        swallowed()
        with takes_at_most(SECONDS + WORK):
            answers = bulk_upload(client, *(upload_of(photo()) for _ in range(5))).json()
        assert [one["code"] for one in answers] == ["storage_unavailable"] * 5

    def test_is_asked_once_by_a_bulk_upload_whose_versions_are_late(self, client, acme, blocked):
        """Each file would be stored, but after waiting for as long as allowed."""
        put = blocked("_save", "_md")
        with takes_at_most(SECONDS + WORK):
            answers = bulk_upload(client, *(upload_of(photo()) for _ in range(3))).json()
        assert [one["status"] for one in answers] == ["success", "error", "error"]
        assert {one["code"] for one in answers[1:]} == {"storage_unavailable"}
        assert len(put.begun) == 1
        put.finish()
        image = Image.objects.get()
        assert (image.status, image.failure_reason) == ("failed", "TimeoutError")
        assert eventually(lambda: stored_keys() == sorted(image.keys))

    def test_holds_uploads_one_after_another_no_longer_either(self, client, acme, swallowed):
        """The first ones keep every thread for uploads busy."""
        swallowed()
        for _time in range(4):
            with takes_at_most(SECONDS + WORK):
                assert upload(client).status_code == 503

    def test_holds_a_deletion_no_longer_than_allowed(self, client, image, swallowed):
        keys = sorted(image.keys)
        swallowed()
        with takes_at_most(SECONDS / 2 + WORK):
            assert send(client, "delete", f"images/{image.pk}/", None).status_code == 204
        assert recorded() == keys
        assert {one.last_error for one in FileDeletion.objects.all()} == {"TimeoutError"}

    def test_holds_no_transaction_longer_than_allowed(self, acme, swallowed):
        swallowed()
        with takes_at_most(SECONDS + WORK), pytest.raises(StorageUnavailable), transaction.atomic():
            acme.save()
            uploaded(acme)

    def test_holds_a_bulk_deletion_no_longer_than_allowed(self, acme, swallowed):
        keys = sorted(key for _ in range(3) for key in uploaded(acme).keys)
        swallowed()
        with takes_at_most(SECONDS / 2 + WORK):
            Image.objects.all().delete()
        assert recorded() == keys

    def test_holds_a_regeneration_that_cannot_connect_no_longer_either(self, image, monkeypatch):
        go_on = threading.Event()
        monkeypatch.setattr(storage, "connect", lambda: go_on.wait(30))
        with takes_at_most(SECONDS + WORK):
            result = Image.objects.regenerate(image, everything=True)
        go_on.set()
        assert (result.failure, result.is_timeout) == ("TimeoutError", True)

    def test_holds_a_regeneration_no_longer_than_allowed(self, image, swallowed):
        swallowed()
        with takes_at_most(SECONDS + WORK):
            result = Image.objects.regenerate(image, everything=True)
        assert result.failure == "TimeoutError"
        before = image.versions
        image.refresh_from_db()
        assert image.versions == before

    def test_holds_many_deletions_of_one_transaction_no_longer_either(
        self, acme, swallowed, settings
    ):
        settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": LONGER}
        images = [uploaded(acme) for _ in range(8)]
        keys = sorted(key for image in images for key in image.keys)
        swallowed()
        with takes_at_most(LONGER / 2 + WORK), transaction.atomic():
            for image in images:
                image.delete()
        assert recorded() == keys

    def test_is_asked_once_by_the_action_of_the_admin(
        self, admin_client, acme, swallowed, settings
    ):
        settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": LONGER}
        images = [uploaded(acme) for _ in range(5)]
        swallowed()
        selected = {"action": "regenerate_versions", "_selected_action": [i.pk for i in images]}
        with takes_at_most(LONGER + WORK):
            page = admin_client.post(
                reverse("admin:polyimages_image_changelist"),
                selected | {"post": "yes", "everything": "1"},
                follow=True,
            )
        assert "5 images failed" in page.content.decode()
        assert page.content.decode().count("TimeoutError") == 5


class TestAFileThatIsWrittenTooLate:
    def test_is_deleted(self, acme, blocked):
        put = blocked("_save")
        with pytest.raises(StorageUnavailable) as failure, takes_at_most(SECONDS + WORK):
            uploaded(acme)
        assert failure.value.problem == "TimeoutError"
        assert len(put.begun) == 5
        put.finish()
        assert eventually(lambda: stored_keys() == [])
        assert recorded() == []

    def test_is_recorded_if_it_cannot_be_deleted(self, acme, blocked, monkeypatch):
        put = blocked("_save")
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            uploaded(acme)
        put.finish()
        assert eventually(lambda: len(recorded()) == 5)
        assert set(stored_keys()) <= set(recorded())
        assert len(stored_keys()) >= 4  # the original was given back before it was written

    def test_is_deleted_though_the_request_is_rolled_back(self, acme, blocked, monkeypatch):
        """What is left over is recorded outside of the transaction of the request."""
        put = blocked("_save")
        monkeypatch.setattr(InMemoryStorage, "delete", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable), transaction.atomic():
            uploaded(acme)
        put.finish()
        assert eventually(lambda: len(recorded()) == 5)
        assert set(stored_keys()) <= set(recorded())
        assert len(stored_keys()) >= 4  # the original was given back before it was written

    def test_that_belongs_to_a_version_does_not_lose_the_upload(self, acme, blocked):
        put = blocked("_save", "_md")
        image = uploaded(acme)
        assert (image.status, image.failure_reason) == ("failed", "TimeoutError")
        assert list(image.versions) == ["thumb", "sm", "lg"]
        put.finish()
        assert eventually(lambda: stored_keys() == sorted(image.keys))

    def test_does_not_read_the_file_of_the_caller_any_more(self, acme, blocked):
        """It would move the position of a file that is being sent again."""
        content = photo()
        file = upload_of(content)
        put = blocked("_save")
        with pytest.raises(StorageUnavailable):
            Image.objects.upload(file, organization=acme)
        file.seek(7)
        put.finish()
        assert file.tell() == 7
        image = Image.objects.upload(file, organization=acme)
        assert storage.get_storage().open(image.key).read() == content
        assert eventually(lambda: stored_keys() == sorted(image.keys))


def test_what_waits_for_a_thread_in_vain_is_not_written_later(acme, blocked):
    put = blocked("_save")
    for _time in range(3):  # of five files each, for ten threads
        with pytest.raises(StorageUnavailable):
            uploaded(acme)
    assert len(put.begun) == 10
    put.finish()
    assert eventually(lambda: stored_keys() == [])
    time.sleep(0.2)
    assert len(put.begun) == 10


def test_a_deletion_that_is_too_slow_is_recorded(acme, blocked):
    image = uploaded(acme)
    keys = sorted(image.keys)
    blocked("delete")
    with takes_at_most(SECONDS / 2 + WORK):
        image.delete()
    assert recorded() == keys


COMMAND = """
import sys, time
import django
django.setup()
from django.core.management import call_command
from django_polyimages import StorageUnavailable
from django_polyimages.models import FileDeletion, Image
from organizations.models import Organization
from tests.builders import uploaded
call_command("migrate", verbosity=0)
try:
    uploaded(Organization.objects.create(name="Acme", slug="acme"))
except StorageUnavailable as error:
    print(error.problem)
"""


def test_a_process_ends_though_the_storage_does_not_answer(tmp_path):
    project = Path(__file__).parent.parent
    folders = [str(project / "src"), str(project), str(project / "example_project")]
    settings = tmp_path / "silent_settings.py"
    database = tmp_path / "db.sqlite3"
    with black_hole() as hole:
        settings.write_text(
            "from config.settings import *\n"
            "from django_polyimages.storage.s3 import s3_storage\n"
            f"silent = s3_storage('b', endpoint_url={hole.url!r}, access_key='k', secret_key='s')\n"
            "STORAGES['polyimages'] = silent\n"
            "POLYIMAGES = POLYIMAGES | {'STORAGE_TIMEOUT': 1, 'ORIGINAL_STORAGE': None}\n"
        )
        with takes_at_most(20):
            done = subprocess.run(
                [sys.executable, "-c", COMMAND],
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "silent_settings",
                    "DATABASE_URL": f"sqlite:///{database}",
                    "PYTHONPATH": os.pathsep.join([str(tmp_path), *folders]),
                },
                capture_output=True,
                text=True,
                timeout=60,
            )
    assert done.stdout == "TimeoutError\n"
    assert done.returncode == 0
