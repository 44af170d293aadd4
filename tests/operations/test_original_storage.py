from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from django_polyimages.models import Image
from django_polyimages.operations import original_storage
from django_polyimages.operations.original_storage import move, plan_move, waiting
from django_polyimages.pipeline.deleting import delete_files
from tests.builders import fake_images, uploaded
from tests.drawing import photo
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(acme, files, originals) -> list[Image]:
    """Two images of an installation that has just set ``ORIGINAL_STORAGE``."""
    images = [uploaded(acme), uploaded(acme)]
    for image in images:
        files.save(image.key, ContentFile(photo()))
        originals.delete(image.key)
    return images


def test_there_has_to_be_a_storage_to_move_to(db):
    with pytest.raises(ImproperlyConfigured, match="ORIGINAL_STORAGE"):
        plan_move()


def test_a_plan_writes_nothing_and_says_what_waits(images, originals):
    assert [image.pk for image in waiting(plan_move())] == [image.pk for image in images]
    assert stored_keys(originals) == []


def test_every_original_is_moved_and_no_row_is_changed(images, files, originals):
    before = list(Image.objects.order_by("pk").values())
    assert [one.result.outcome for one in move(plan_move())] == ["moved", "moved"]
    assert stored_keys(originals) == sorted(image.key for image in images)
    assert len(stored_keys(files)) == 8
    assert list(Image.objects.order_by("pk").values()) == before
    assert list(waiting(plan_move())) == []


def test_a_move_that_was_stopped_goes_on(images, originals):
    moving = move(plan_move())
    next(moving)
    moving.close()
    assert [one.result.outcome for one in move(plan_move())] == ["already there", "moved"]
    assert stored_keys(originals) == sorted(image.key for image in images)


def test_an_image_that_is_deleted_while_it_is_copied_leaves_no_copy(images, originals, monkeypatch):
    real = original_storage.moving.move_original

    def overtaken(original):
        Image.objects.filter(file=original.key).delete()
        return real(original)

    monkeypatch.setattr(original_storage.moving, "move_original", overtaken)
    assert list(move(plan_move())) == []
    assert stored_keys(originals) == []


def test_a_key_that_the_package_did_not_make_is_named(acme, originals):
    fake_images(acme, 1)
    [done] = move(plan_move())
    assert done.result.outcome == "failed"
    assert "the key is not one" in done.result.reason


def test_nothing_is_moved_onto_itself(settings, tmp_path, acme):
    disk = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = settings.STORAGES | {"polyimages": disk, "originals": disk}
    settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
    image = uploaded(acme)
    with pytest.raises(ImproperlyConfigured, match="the same place"):
        list(move(plan_move()))
    assert (tmp_path / image.key).read_bytes() == photo()
    delete_files(image.keys)
