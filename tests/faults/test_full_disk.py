"""A disk that is full: nothing that is half written stays, and the error names the reason."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.management import call_command
from django.test import Client
from PIL import Image as PillowImage

from django_polyimages import StorageUnavailable, VersionSpec
from django_polyimages.models import FileDeletion, Image
from django_polyimages.pipeline.rollback import wait_for_removals
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.api.calls import bulk_upload, upload
from tests.builders import uploaded
from tests.drawing import to_bytes, upload_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])
KIB = 1024
SIZE = 1024 * KIB
"""Of the disk."""


class SmallDisk(FileSystemStorage):
    """Fails as a file system with too little space does, in the middle of a file."""

    free = SIZE

    def _save(self, name: str, content) -> str:
        space = type(self).free
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        written = content.read()
        path.write_bytes(written[:space])
        if len(written) > space:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return name


Fill = Callable[[int], None]
"""Leaves this many bytes of the disk free."""


@pytest.fixture
def disk() -> Iterator[Path]:
    """Its folder, which pytest does not remove: it could not if a killed test left it mounted."""
    with tempfile.TemporaryDirectory(prefix="polyimages-disk-") as folder:
        yield Path(folder)


@pytest.fixture
def mounted(disk) -> Iterator[Fill]:
    """A real file system, which only root may mount."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"A file system cannot be mounted: {done.stderr.strip()}")

    def fill(free: int) -> None:
        others = disk / "others"
        others.unlink(missing_ok=True)
        state = os.statvfs(disk)
        others.write_bytes(bytes(max(0, state.f_bavail * state.f_bsize - free)))

    yield fill
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def imitated(monkeypatch) -> Fill:
    """Where none may be mounted, the storage and Django's temporary files fail alike."""

    def write(file: TemporaryUploadedFile, content: bytes) -> int:
        written: int = file.file.write(content[: max(0, SmallDisk.free - file.file.tell())])
        if written < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written

    monkeypatch.setattr(TemporaryUploadedFile, "write", write)
    return lambda free: monkeypatch.setattr(SmallDisk, "free", free)


@pytest.fixture(params=["mounted", "imitated"])
def leave_free(request, settings, disk) -> Fill:
    backend = f"{__name__}.SmallDisk"
    if request.param == "mounted":
        backend = "django.core.files.storage.FileSystemStorage"
    fill: Fill = request.getfixturevalue(request.param)
    options = {"location": str(disk)}
    settings.STORAGES = settings.STORAGES | {"polyimages": {"BACKEND": backend, "OPTIONS": options}}
    return fill


@pytest.fixture
def on_disk(leave_free, disk) -> Callable[[], list[str]]:
    """The files that are there now, without what fills the disk."""

    def keys() -> list[str]:
        assert wait_for_removals(10)
        found = (path for path in disk.rglob("*") if path.is_file() and path.name != "others")
        return sorted(str(path.relative_to(disk)) for path in found)

    return keys


@pytest.fixture
def large() -> bytes:
    """A picture that needs much space, as do its versions: noise cannot be compressed."""
    return photo_of_noise()


def photo_of_noise() -> bytes:
    return to_bytes(PillowImage.effect_noise((500, 400), 100).convert("RGB"))


def test_an_upload_leaves_nothing_half_written(client, acme, leave_free, on_disk, large):
    leave_free(8 * KIB)
    answer = upload(client, upload_of(large))
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert "ENOSPC" in answer.json()["detail"]
    assert on_disk() == []
    assert not Image.objects.exists()
    assert not FileDeletion.objects.exists()


@pytest.mark.parametrize("send", [upload, bulk_upload])
@pytest.mark.parametrize("token", [None, "of the form"])
def test_a_full_disk_for_temporary_files_is_named(
    editor, acme, leave_free, on_disk, disk, settings, send, token
):
    """Django writes large files there before anybody looks at them. A form is also read by the
    CSRF check, unless the token is in a header.
    """
    settings.FILE_UPLOAD_TEMP_DIR = str(disk)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100 * KIB
    client = Client(enforce_csrf_checks=token is not None)
    client.force_login(editor)
    leave_free(8 * KIB)
    answer = send(client, upload_of(photo_of_noise()))
    assert on_disk() == []
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert "ENOSPC" in answer.json()["detail"]
    assert not Image.objects.exists()


def test_whatever_space_there_is_what_is_stored_is_whole(acme, leave_free, on_disk, large):
    kept: list[str] = []
    for free in range(0, 640 * KIB, 120 * KIB):
        leave_free(free)
        problem = ""
        try:
            image = Image.objects.upload(large, organization=acme)
        except StorageUnavailable as error:
            problem = error.problem
        else:
            assert image.failure_reason == ("" if image.status == "ready" else "ENOSPC")
            kept += image.keys
        assert problem == ("" if kept else "ENOSPC")
        assert on_disk() == sorted(kept)
        Image.objects.all().delete()
        kept.clear()
    assert on_disk() == []


def test_a_version_that_found_no_space_is_generated_when_there_is_some(
    acme, leave_free, on_disk, settings
):
    image = uploaded(acme)
    square = VersionSpec("square", 100, 100, mode="fill")
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": [*DEFAULT_VERSIONS, square]}
    leave_free(0)
    assert Image.objects.regenerate(image).failure == "ENOSPC"
    assert (image.status, image.failure_reason) == ("failed", "ENOSPC")
    assert on_disk() == sorted(image.keys)
    leave_free(SIZE // 2)
    assert Image.objects.regenerate(image).failure == ""
    assert (image.status, len(image.versions)) == ("ready", 5)
    assert on_disk() == sorted(image.keys)
    call_command("polyimages_audit", "--grace", "0", verbosity=0)
