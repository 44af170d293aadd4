from __future__ import annotations

import copy
import pickle

import pytest
from django.core.files.storage import InMemoryStorage

from django_polyimages.models import Image
from tests.builders import uploaded
from tests.drawing import photo

pytestmark = pytest.mark.django_db


def test_the_file_is_opened_where_the_original_is(acme, originals):
    image = Image.objects.get(pk=uploaded(acme).pk)
    assert image.file.open().read() == photo()
    assert image.file.size == len(photo())
    assert image.file.storage is originals


def test_the_file_s_url_is_the_image_s(acme, originals):
    image = uploaded(acme)
    assert image.file.url == image.url == f"/images/{image.pk}/original/"


def test_without_the_setting_the_file_is_django_s(image):
    assert image.file.url == image.url == f"/media/{image.key}"
    assert image.file.open().read() == photo()


def test_an_image_without_a_file_says_so_as_in_django():
    with pytest.raises(ValueError, match="no file associated"):
        Image().file.url  # noqa: B018
    assert isinstance(Image().file.storage, InMemoryStorage)


def test_an_image_that_is_not_saved_has_no_url_of_the_view(acme, originals):
    image = uploaded(acme)
    image.pk = None
    with pytest.raises(ValueError, match="not saved"):
        image.file.url  # noqa: B018


def test_images_are_copied_and_pickled(acme, originals):
    image = Image.objects.get(pk=uploaded(acme).pk)
    for twin in (copy.deepcopy(image), pickle.loads(pickle.dumps(image))):
        assert twin.file.open().read() == photo()


def test_migrations_see_django_s_field():
    field = Image._meta.get_field("file")
    assert field.deconstruct()[1] == "django.db.models.FileField"
