from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.operations.audit.inventory import RecordedFile
from django_polyimages.operations.audit.tables import (
    databases,
    files_of,
    image_tables,
    parts,
    row_of,
)
from tests.builders import fake_images, uploaded

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def test_every_database_with_images_is_known_and_one_is_written():
    assert databases() == ["default", "other"]
    assert {(one.model, one.using, one.is_in_use) for one in image_tables()} == {
        (Image, "default", True),
        (Image, "other", False),
    }


def test_a_row_is_found_by_its_key_as_text(acme):
    [image] = fake_images(acme, 1)
    assert row_of("polyimages.Image", str(image.pk)) == image
    assert row_of("polyimages.Image", str(image.pk + 1)) is None
    assert row_of("polyimages.Image", "no key") is None


def test_the_files_of_an_image_are_its_original_and_its_versions(acme):
    image = uploaded(acme)
    label, pk = "polyimages.Image", str(image.pk)
    assert list(files_of(image)) == [
        RecordedFile(image.key, label, pk, image.byte_size),
        *(RecordedFile(one["key"], label, pk, one["bytes"]) for one in image.versions.values()),
    ]


def test_parts_are_of_a_size():
    assert list(parts(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
