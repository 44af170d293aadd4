"""What fails on the way: the storage at each step, the transaction of the host, the process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError
from django.core.files.storage import FileSystemStorage
from django.db import transaction

from django_polyimages import storage
from django_polyimages.models import Image, PendingUpload
from django_polyimages.operations.maintenance import maintain, plan_maintenance
from django_polyimages.pipeline import threads
from django_polyimages.storage.s3 import s3_storage
from tests.drawing import photo
from tests.silent import black_hole
from tests.uploads.places import keys_of_rows
from tests.uploads.test_hostile import complete, incoming_of, sweep

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])
PHOTO = photo()
DISK = {"GET": "_open", "PUT": "_save", "DELETE": "delete"}
"""The methods that stand for the requests of S3."""


@pytest.fixture
def down(place, monkeypatch) -> Callable[..., object]:
    """A context manager in which the storage fails for requests of one kind."""

    def fail(*args, **options):
        raise ConnectionError

    @contextmanager
    def down(method: str) -> Iterator[None]:
        if "s3" not in type(storage.get_storage()._wrapped).__module__:
            with monkeypatch.context() as patch:
                patch.setattr(FileSystemStorage, DISK[method], fail)
                yield
            return
        events = storage.get_storage().bucket.meta.client.meta.events

        def refuse(request, **options):
            if request.method == method:
                raise ConnectionClosedError(endpoint_url=request.url)

        events.register("before-send.s3", refuse)
        try:
            yield
        finally:
            events.unregister("before-send.s3", refuse)

    return down


class TestAStorageThatIsDown:
    def test_is_not_asked_when_an_upload_begins(self, begin, down):
        with down("PUT"), down("GET"):
            begin(PHOTO)

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_when_it_is_completed_can_be_tried_again(self, place, client, begin, down, method):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        with down(method):
            assert complete(client, told) == (503, "storage_unavailable")
        assert place.listing() == [incoming_of(told)]
        assert not Image.objects.exists()
        assert complete(client, told) == (200, "")
        assert place.listing() == keys_of_rows()

    def test_when_the_file_is_deleted_does_no_harm(self, place, client, begin, down):
        told = begin(PHOTO)
        place.put(told, PHOTO)
        with down("DELETE"):
            assert complete(client, told) == (200, "")
            place.listing()  # waits for the deletion
        assert incoming_of(told) in place.listing()
        sweep()
        assert place.listing() == keys_of_rows()

    def test_when_a_refused_file_is_deleted_leaves_it_to_the_sweep(
        self, place, client, begin, down, monkeypatch
    ):
        page = b"<!doctype html><title>No image</title>"
        told = begin(page)
        place.put(told, page)
        key = incoming_of(told)
        with down("DELETE"):
            assert complete(client, told) == (400, "not_an_image")
            assert place.listing() == [key]
        monkeypatch.setattr("django_polyimages.operations.uploads.UPLOAD_TIME", -timedelta(hours=1))
        list(maintain(plan_maintenance()))
        assert place.listing() == []

    def test_while_the_file_is_sent_through_the_site(self, disk_place, begin, monkeypatch):
        told = begin(PHOTO)
        with monkeypatch.context() as patch:
            patch.setattr(FileSystemStorage, "_save", lambda *args: 1 / 0)
            assert disk_place.put(told, PHOTO) == 503
        assert disk_place.listing() == []
        assert disk_place.put(told, PHOTO) == 204

    def test_that_does_not_answer_is_waited_for_once(self, client, begin, settings):
        """``STORAGE_TIMEOUT`` for reading and storing together."""
        settings.POLYIMAGES = settings.POLYIMAGES | {"STORAGE_TIMEOUT": 1}
        with black_hole() as hole:
            entry = s3_storage("b", endpoint_url=hole.url, access_key="k", secret_key="s")
            settings.STORAGES = settings.STORAGES | {"polyimages": entry}
            told = begin(PHOTO)
            begun = time.monotonic()
            assert complete(client, told) == (503, "storage_unavailable")
            assert time.monotonic() - begun < 13  # boto3 alone would take 30
            assert PendingUpload.objects.get().state == "waiting"
        threads._forget()


def test_a_rollback_of_the_host_makes_it_usable_again(place, client, begin):
    told = begin(PHOTO)
    place.put(told, PHOTO)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        PendingUpload.objects.get().complete()
        1 / 0  # noqa: B018
    assert place.listing() == [incoming_of(told)]
    assert complete(client, told) == (200, "")
    assert place.listing() == keys_of_rows()


def test_a_row_whose_user_is_deleted_leaves_no_file(place, editor, begin, monkeypatch):
    place.put(begin(PHOTO), PHOTO)
    editor.delete()
    monkeypatch.setattr("django_polyimages.operations.uploads.UPLOAD_TIME", -timedelta(hours=1))
    list(maintain(plan_maintenance()))
    assert place.listing() == []


SCRIPT = """
import os, signal, sys
import django
django.setup()
from datetime import timedelta
from unittest import mock
from django.core.management import call_command
from django.utils import timezone
from django_polyimages.models import Image, PendingUpload
from organizations.models import Organization
from tests.drawing import photo
from tests.sending import send

def kill(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def begin():
    call_command("migrate", verbosity=0)
    acme = Organization.objects.create(name="Acme", slug="acme")
    size = len(photo())
    send(PendingUpload.objects.begin(name="a.jpg", byte_size=size, organization=acme), photo())

def complete():
    PendingUpload.objects.get().complete()

def complete_until(point):
    with mock.patch(point, kill):
        complete()

def sweep():
    PendingUpload.objects.update(expires_at=timezone.now() - timedelta(days=1))
    call_command("polyimages_maintain", grace=0, verbosity=0)

def tell():
    keys = [key for image in Image.objects.all() for key in image.keys]
    print(*[one.state for one in PendingUpload.objects.all()], *sorted(keys))

globals()[sys.argv[1]](*sys.argv[2:])
"""


@pytest.mark.slow
class TestAProcessThatIsKilled:
    """``kill -9`` of a process of its own, on SQLite and the disk, with originals in a folder of
    their own.
    """

    @pytest.fixture
    def run(self, tmp_path) -> Callable[..., list[str]]:
        project = Path(__file__).parents[2]
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
            "MEDIA_ROOT": str(tmp_path / "media"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": os.pathsep.join(
                str(project / name) for name in ("src", ".", "example_project")
            ),
        }

        def run(*arguments: str) -> list[str]:
            command = [sys.executable, "-c", SCRIPT, *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode in (0, -9), done.stderr
            return done.stdout.split()

        run("begin")
        return run

    def stored(self, tmp_path: Path) -> list[str]:
        folders = [tmp_path / "media", tmp_path / "originals"]
        files = [(one, top) for top in folders for one in top.rglob("*") if one.is_file()]
        return sorted(str(one.relative_to(top)) for one, top in files)

    @pytest.mark.parametrize(
        "point",
        [
            "django_polyimages.pipeline.store.inspect",
            "django_polyimages.models.uploads.PendingUpload.claim",
            "django_polyimages.models.Image.save",
        ],
        ids=["after it has read", "after it has stored", "before it commits"],
    )
    @pytest.mark.parametrize("then", ["complete", "sweep"])
    def test_before_the_commit_has_changed_nothing(self, run, tmp_path, point, then):
        run("complete_until", point)
        assert run("tell") == ["waiting"]
        run(then)
        run("sweep")
        assert self.stored(tmp_path) == run("tell")
        assert len(run("tell")) == {"complete": 5, "sweep": 0}[then]

    def test_after_the_commit_leaves_the_file_to_the_sweep(self, run, tmp_path):
        run("complete_until", "django_polyimages.models.uploads.remove_soon")
        state, *keys = run("tell")
        assert (state, len(keys)) == ("used", 5)
        assert len(self.stored(tmp_path)) == 6
        run("sweep")
        assert self.stored(tmp_path) == run("tell") == keys
