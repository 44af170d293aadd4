from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import TooManyImages
from django_polyimages.models import Image, relation_rows
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import attached_to, fake_images
from tests.drawing import photo, upload_of
from tests.helpers import decodes, tables_read

pytestmark = pytest.mark.django_db


class TestDeletedMeanwhile:
    @pytest.fixture
    def gone(self, acme) -> Image:
        [image] = fake_images(acme, 1)
        Image.objects.filter(pk=image.pk).delete()
        return image

    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, gone, _there: images.attach(gone),
            lambda images, gone, _there: images.attach_or_update(gone, order=1),
            lambda images, gone, _there: images.set_cover(gone),
            lambda images, gone, there: images.attach_many([there, gone]),
            lambda images, gone, there: images.sync([there, gone]),
        ],
    )
    def test_an_image_is_named_and_nothing_attached(self, contact, images, gone, verb):
        contact.images.attach(images[1], is_cover=True)
        message = rf"Deleted, or never saved: polyimages\.Image {gone.pk}\."
        with transaction.atomic():
            with pytest.raises(Image.DoesNotExist, match=message):
                verb(contact.images, gone, images[0])
            Product.objects.create(organization=contact.organization, name="goes on")
        assert attached_to(contact) == [images[1]]
        assert contact.images.cover().image == images[1]

    def test_an_image_that_was_never_saved(self, contact, acme):
        with pytest.raises(Image.DoesNotExist, match="never saved"):
            contact.images.attach(Image(organization=acme))

    def test_the_object_is_locked_before_the_image(self, contact, images):
        with CaptureQueriesContext(connection) as queries:
            contact.images.set_cover(images[0])
        reads = [one for one in queries if one["sql"].startswith("SELECT")]
        models = [Contact, Image, Relation, Relation]  # the last one counts
        assert tables_read(reads) == [model._meta.db_table for model in models]


def test_what_is_in_its_place_is_not_written_again(contact, images):
    contact.images.sync(images)
    with CaptureQueriesContext(connection) as queries:
        contact.images.reorder(images)
    assert not [one for one in queries if one["sql"].startswith("UPDATE")]


def test_an_update_moves_a_bounded_number_of_rows(acme, contact, monkeypatch):
    monkeypatch.setattr(relation_rows, "MOVED_AT_ONCE", 10)
    images = fake_images(acme, 25)
    contact.images.attach_many(images)
    with CaptureQueriesContext(connection) as queries:
        contact.images.reorder(images[::-1])
    updates = [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
    assert [sql.count("WHEN") for sql in updates] == [10, 10, 5]
    assert attached_to(contact) == images[::-1]


class TestTooMany:
    @pytest.fixture(autouse=True)
    def two_at_most(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 2}

    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, some: images.attach(some[2]),
            lambda images, some: images.set_cover(some[2]),
            lambda images, _some: images.attach(upload_of(photo())),
            lambda images, some: images.attach_many(some),
            lambda images, some: images.sync(some),
        ],
    )
    def test_nothing_changes(self, contact, images, verb):
        contact.images.attach_many(images[:2])
        contact.images.set_cover(images[1])
        with transaction.atomic():
            with pytest.raises(TooManyImages, match="at most 2 images"):
                verb(contact.images, images)
            Product.objects.create(organization=contact.organization, name="goes on")
        assert attached_to(contact) == images[:2]
        assert contact.images.cover().image == images[1]
        assert Image.objects.count() == 3

    def test_a_file_is_not_uploaded_first(self, contact, images, monkeypatch):
        contact.images.attach_many(images[:2])
        with decodes(monkeypatch) as decoded, pytest.raises(TooManyImages):
            contact.images.attach(upload_of(photo()))
        assert not decoded

    def test_those_attached_already_can_be_changed_and_exchanged(self, contact, images):
        contact.images.attach_many(images[:2])
        contact.images.attach_many(images[:2])
        contact.images.attach(images[0], is_cover=True)
        contact.images.sync([images[2], images[0]])
        assert attached_to(contact) == [images[2], images[0]]

    def test_an_object_that_had_more_loses_none(self, contact, images, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 1}
        Relation.objects.bulk_create(
            Relation(image=one, content_object=contact, order=place)
            for place, one in enumerate(images)
        )
        contact.images.reorder(images[::-1])
        contact.images.sync(images[:2])
        assert attached_to(contact) == images[:2]
