from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contacts.models import Contact
from django_polyimages import VersionSpec
from django_polyimages.models import Image
from tests.builders import fake_images
from tests.races.auditor import clear

Begin = Callable[..., tuple[Contact, list[Image]]]


@pytest.fixture
def begin(acme) -> Begin:
    """A new object with images, and nothing of the trial before."""

    def begin(images: int, *, attached: int = 0) -> tuple[Contact, list[Image]]:
        clear()
        contact = Contact.objects.create(organization=acme, name="Ada")
        fake_images(acme, images)
        rows = list(Image.objects.order_by("pk"))
        contact.images.attach_many(rows[:attached])
        return contact, rows

    return begin


@pytest.fixture
def disk(settings, tmp_path) -> Path:
    """The folder of files that threads can share, with two small versions an image."""
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path), "base_url": "/media/"},
    }
    settings.STORAGES = settings.STORAGES | {"polyimages": backend}
    specs = [VersionSpec("thumb", 16, 16, mode="fill"), VersionSpec("sm", 24, 24)]
    settings.POLYIMAGES = settings.POLYIMAGES | {"VERSIONS": specs}
    (tmp_path / "images").mkdir()
    return tmp_path / "images"
