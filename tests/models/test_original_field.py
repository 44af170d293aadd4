from __future__ import annotations

import copy
import pickle

import pytest
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import call_command
from django.db import transaction

from django_polyimages.models import Image
from tests.builders import uploaded
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

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


FACTS = {"width": 400, "height": 300, "byte_size": 1, "media_type": "image/jpeg"}


class TestRowsThatWereNotUploaded:
    @pytest.mark.parametrize(
        "make",
        [
            lambda **fields: Image.objects.create(**fields),
            lambda **fields: Image(**fields).save(),
            lambda **fields: Image.objects.bulk_create([Image(**fields)]),
            lambda **fields: Image.objects.get_or_create(title="x", defaults=fields),
            lambda **fields: Image.objects.update_or_create(title="x", defaults=fields),
            lambda **fields: fields["organization"].polyimages_images.create(**fields),
        ],
        ids=["create", "save", "bulk_create", "get_or_create", "update_or_create", "related"],
    )
    @pytest.mark.parametrize(
        "fields",
        [
            {"file": upload_of(photo()), **FACTS},
            {"file": upload_of(photo())},
            {"file": ContentFile(photo()), **FACTS},
            {"file": "images/there.jpg"},
            FACTS,
        ],
        ids=["facts", "no facts", "no name", "key without facts", "no file"],
    )
    def test_are_refused_and_upload_is_named(self, acme, make, fields):
        with pytest.raises(TypeError, match=r"objects\.upload\(file, org"), transaction.atomic():
            make(organization=acme, **fields)
        assert stored_keys() == []
        assert not Image.objects.exists()

    @pytest.mark.parametrize(
        "change",
        [
            lambda image: setattr(image, "file", upload_of(photo())) or image.save(),
            lambda image: image.file.save("x.jpg", upload_of(photo())),
        ],
        ids=["assigned", "saved"],
    )
    def test_nor_is_an_original_replaced_without_a_check(self, image, change):
        before = stored_keys()
        with pytest.raises(TypeError, match=r"objects\.upload"), transaction.atomic():
            change(image)
        assert stored_keys() == before == sorted(Image.objects.get().keys)

    def test_of_files_that_are_there_are_imported(self, acme, files):
        key = files.save("old/holiday.jpg", ContentFile(photo()))
        image = Image.objects.create(file=key, organization=acme, **FACTS)
        assert image.status == "pending"
        assert not Image.objects.regenerate(image).failure
        assert (image.status, set(image.versions)) == ("ready", {"thumb", "sm", "md", "lg"})
        assert image.file.open().read() == photo()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
    def test_of_fixtures_are_loaded(self, image, tmp_path, form):
        """Even into an empty table, before the files are there."""
        fixture = tmp_path / f"images.{form}"
        fixture.write_text(serializers.serialize(form, [image]))
        Image.objects.all()._raw_delete("default")
        call_command("loaddata", str(fixture), verbosity=0)
        loaded = Image.objects.get()
        assert (loaded.versions, loaded.key, loaded.title) == (
            *(image.versions, image.key, image.title),
        )
