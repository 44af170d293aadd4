from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import get_relation_model
from django_polyimages.models.joins.images_field import ImagesField
from django_polyimages.models.joins.loading import keep_loaded
from tests.builders import fake_images, fresh

pytestmark = pytest.mark.django_db


@isolate_apps("contacts")
def test_relations_are_kept_where_the_field_of_the_model_looks_for_them(
    contact, product, acme, django_assert_num_queries
):
    class Person(models.Model):
        """The table of contacts, with another name for the images."""

        name = models.TextField()
        photos = ImagesField(get_relation_model())

        class Meta:
            app_label = "contacts"
            db_table = Contact._meta.db_table
            managed = False

    door, lamp = fake_images(acme, 2)
    product.images.attach(lamp)
    person = Person.objects.get(pk=contact.pk)
    relations = get_relation_model().objects.all()
    for image in (door, lamp):
        person.photos.attach(image)
    objects = [*fresh([product]), Person.objects.get()]
    keep_loaded(objects, relations, cover_only=False)
    with django_assert_num_queries(0):
        shown = [relation.image for relation in objects[1].photos.all()]
        assert shown == [door, lamp]
        assert [relation.image for relation in objects[0].images.all()] == [lamp]
    again = [*fresh([product]), Person.objects.get()]
    keep_loaded(again, relations, cover_only=True)
    with django_assert_num_queries(0):
        assert [obj.image for obj in (again[0].images.cover(), again[1].photos.cover())] == [
            lamp,
            door,
        ]


def test_an_object_without_images_is_refused(acme, product):
    with pytest.raises(TypeError, match="Organization is not attachable: it has no ImagesField"):
        keep_loaded([acme], get_relation_model().objects.all(), cover_only=True)
    assert Product.objects.get() == product
