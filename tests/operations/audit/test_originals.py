from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from PIL import Image as PillowImage

from django_polyimages.models import Image
from django_polyimages.operations.audit import originals
from django_polyimages.storage.listing import CannotList
from tests.builders import uploaded
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db(databases=["default", "other"])


def damage(files, image: Image) -> None:
    files.delete(image.key)
    files.save(image.key, ContentFile(b"x" * image.byte_size))


def test_a_damaged_original_of_the_right_size_is_found_by_its_checksum_only(acme, files, found):
    _whole, damaged = uploaded(acme), uploaded(acme)
    damage(files, damaged)
    assert found() == []
    [one] = found(verify=True, fix=True)
    assert (one.kind, one.id, one.key, one.fixed) == (
        "checksum",
        str(damaged.pk),
        damaged.key,
        False,
    )


def test_a_missing_original_is_named_once(image, files, found):
    files.delete(image.key)
    assert [one.kind for one in found(verify=True, privacy=True)] == [
        "missing_original",
        "position",
    ]


def test_an_image_that_is_deleted_while_it_is_read_is_no_finding(image, files, found, monkeypatch):
    damage(files, image)
    real = originals._is_still_wrong

    def deleted(*arguments):
        Image.objects.all().delete()
        return real(*arguments)

    monkeypatch.setattr(originals, "_is_still_wrong", deleted)
    assert found(verify=True) == []


def test_originals_with_a_position_are_counted(acme, found):
    exif = PillowImage.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    Image.objects.upload(upload_of(photo(exif=exif)), organization=acme)
    uploaded(acme)
    [one] = found(privacy=True)
    assert (one.kind, one.detail) == ("position", "1 of 2 originals carry a position")
    assert not one.is_left


def test_an_original_that_cannot_be_read_does_not_end_the_audit(acme, files, found, monkeypatch):
    locked, damaged = uploaded(acme), uploaded(acme)
    damage(files, damaged)
    real = files.open

    def refused(key, *arguments):
        if key == locked.key:
            raise PermissionError("the object is archived")
        return real(key, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files, "open", refused)
        findings = found(verify=True)
        [position] = [one for one in found(privacy=True) if one.kind == "position"]
    assert [(one.kind, one.id) for one in findings] == [
        ("checksum", str(locked.pk)),
        ("checksum", str(damaged.pk)),
    ]
    assert "cannot be read" in findings[0].detail
    assert position.detail == "0 of 1 originals carry a position"


def test_a_storage_that_does_not_answer_ends_it(image, files, found, monkeypatch):
    def dead(*arguments):
        raise ConnectionError("nobody is there")

    real = originals.originals

    with monkeypatch.context() as patch:

        def later(*arguments):
            patch.setattr(files, "open", dead)
            patch.setattr(files, "size", dead)
            yield from real(*arguments)

        patch.setattr("django_polyimages.operations.audit.run.originals", later)
        with pytest.raises(CannotList, match="does not answer"):
            found(verify=True)
