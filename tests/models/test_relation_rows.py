from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import (
    Image,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.builders import attached_to, fake_images
from tests.helpers import tables_read

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

    def test_the_image_is_locked_before_the_object(self, contact, images):
        with CaptureQueriesContext(connection) as queries:
            contact.images.set_cover(images[0])
        reads = [one for one in queries if one["sql"].startswith("SELECT")]
        models = [Image, Contact, Relation]
        assert tables_read(reads) == [model._meta.db_table for model in models]


def test_what_is_in_its_place_is_not_written_again(contact, images):
    contact.images.sync(images)
    with CaptureQueriesContext(connection) as queries:
        contact.images.reorder(images)
    assert not [one for one in queries if one["sql"].startswith("UPDATE")]
