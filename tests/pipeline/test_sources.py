from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import transaction

from django_polyimages import InvalidImage
from django_polyimages.forms import ImageUploadField
from django_polyimages.models import Image
from tests.drawing import photo
from tests.helpers import read, stored_keys

pytestmark = pytest.mark.django_db
PHOTO = photo()


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "on disk.jpg"
    path.write_bytes(PHOTO)
    return path


def spooled() -> tempfile.SpooledTemporaryFile[bytes]:
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115 (the caller closes it)
    file.write(PHOTO)
    return file


OPEN = {
    "a file opened from a path": (lambda path: path.open("rb"), "on disk.jpg"),
    "a descriptor": (lambda path: os.fdopen(os.open(path, os.O_RDONLY), "rb"), ""),
    "BytesIO": (lambda path: io.BytesIO(PHOTO), ""),
    "a spooled file": (lambda path: spooled(), ""),
    "a ContentFile": (lambda path: ContentFile(PHOTO, "a.jpg"), "a.jpg"),
    "a File": (lambda path: File(path.open("rb"), name="b.jpg"), "b.jpg"),
    "an upload": (lambda path: SimpleUploadedFile("c.jpg", PHOTO), "c.jpg"),
}
VALUES = {
    "bytes": (lambda path: PHOTO, ""),
    "a bytearray": (lambda path: bytearray(PHOTO), ""),
    "a memoryview": (lambda path: memoryview(PHOTO), ""),
    "a Path": (lambda path: path, "on disk.jpg"),
    "a str": (lambda path: str(path), "on disk.jpg"),
}


@pytest.mark.parametrize("case", OPEN)
def test_a_binary_file_is_uploaded_and_stays_open(case, path, contact, acme):
    make, title = OPEN[case]
    with make(path) as source:
        image = Image.objects.upload(source, organization=acme)
        assert (read(image.key), image.title) == (PHOTO, title)
        assert not source.closed
        assert read(contact.images.attach(source).image.key) == PHOTO
        assert not source.closed


@pytest.mark.parametrize("case", VALUES)
def test_bytes_and_paths_are_uploaded(case, path, contact, acme):
    make, title = VALUES[case]
    image = Image.objects.upload(make(path), organization=acme)
    assert (read(image.key), image.title) == (PHOTO, title)
    assert read(contact.images.set_cover(make(path)).image.key) == PHOTO


class Stream(io.RawIOBase):
    """Like a socket: it can be read once."""

    def readable(self):
        return True

    def readinto(self, buffer):
        return 0


WRONG = {
    "None": (lambda path: None, TypeError, "NoneType is not a file. Pass"),
    "a number": (lambda path: 7, TypeError, "int is not a file"),
    "a file in text mode": (lambda path: path.open(), TypeError, "text mode"),
    "StringIO": (lambda path: io.StringIO("x"), TypeError, "text mode"),
    "text in a ContentFile": (lambda path: ContentFile("x"), TypeError, "text mode"),
    "a stream": (lambda path: Stream(), ValueError, "read only once"),
    "a path to nothing": (lambda path: str(path) + "x", ValueError, "Cannot open the file"),
    "a folder": (lambda path: path.parent, ValueError, "Cannot open the file"),
    "a str that is no path": (lambda path: "a\0b", ValueError, "Cannot open the file"),
    "the content as a str": (lambda path: PHOTO.decode("latin-1"), ValueError, "Cannot open the"),
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_says_what_is_allowed(case, path, contact, acme):
    make, error, message = WRONG[case]
    source = make(path)
    with pytest.raises(error, match=message) as caught:
        Image.objects.upload(source, organization=acme)
    assert not isinstance(caught.value, InvalidImage)
    assert len(str(caught.value)) < 400
    with pytest.raises(error, match=message):
        contact.images.attach(source)
    if isinstance(source, io.IOBase):
        source.close()
    assert stored_keys() == []


# Django's ContentFile cannot be closed: its close() does nothing.
@pytest.mark.parametrize("case", sorted(OPEN.keys() - {"a ContentFile"}))
def test_a_closed_file_says_so(case, path, acme):
    source = OPEN[case][0](path)
    source.close()
    with pytest.raises(ValueError, match="closed"):
        Image.objects.upload(source, organization=acme)


@pytest.fixture
def disk(settings, tmp_path) -> Path:
    """The local disk as storage: Django moves temporary files there instead of copying them."""
    options = {"location": str(tmp_path / "media")}
    entry = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    return tmp_path / "media"


def test_the_file_of_another_image_is_opened_and_closed(disk, acme):
    first = Image.objects.upload(PHOTO, organization=acme)
    source = Image.objects.get(pk=first.pk).file
    assert (disk / Image.objects.upload(source, organization=acme).key).read_bytes() == PHOTO
    assert source.closed


@pytest.fixture
def large_upload():
    """What Django makes of an upload above 2.5 MB: a temporary file on the disk."""
    with TemporaryUploadedFile("large.jpg", "image/jpeg", len(PHOTO), None) as file:
        file.write(PHOTO)
        file.flush()
        yield file


class TestALargeUploadCanBeUsedAgain:
    """It belongs to the caller, so it is copied."""

    def test_for_two_objects(self, disk, large_upload, contact, product):
        for obj in (contact, product):
            image = obj.images.attach(large_upload).image
            assert (disk / image.key).read_bytes() == PHOTO
        assert len(list((disk / "images").iterdir())) == 10

    def test_after_a_form_has_checked_it(self, disk, large_upload, contact, product):
        file = ImageUploadField().clean(large_upload)
        for obj in (contact, product):
            assert (disk / obj.images.attach(file).image.key).read_bytes() == PHOTO

    @pytest.mark.django_db(transaction=True)
    def test_in_a_transaction_that_is_tried_again(self, disk, large_upload, contact):
        with pytest.raises(RuntimeError), transaction.atomic():
            contact.images.attach(large_upload)
            raise RuntimeError
        with transaction.atomic():
            image = contact.images.attach(large_upload).image
        assert (disk / image.key).read_bytes() == PHOTO
        assert len(stored_keys()) == 5
        assert Path(large_upload.temporary_file_path()).read_bytes() == PHOTO
