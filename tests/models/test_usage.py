"""References from models of a host are tested by the project ``tests/hosts/uses``."""

from __future__ import annotations

import pytest

from django_polyimages.models import Image, PolymorphicImageRelation
from django_polyimages.models.usage import count_uses, references, relation_model_of, unused, used
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def test_of_the_references_the_relations_come_first():
    assert references(Image)[0].model is relation_model_of(Image) is PolymorphicImageRelation


def test_an_image_is_used_or_unused_and_its_uses_are_counted(acme, contact, product):
    loose, once, twice = fake_images(acme, 3)
    contact.images.attach_many([once, twice])
    product.images.attach(twice)
    images = Image.objects.order_by("pk")
    assert list(unused(images)) == [loose]
    assert list(used(images)) == [once, twice]
    counted = count_uses(images).values_list("pk", "number_of_uses")
    assert list(counted) == [(loose.pk, 0), (once.pk, 1), (twice.pk, 2)]
    assert list(Image.objects.unused()) == [loose]
    assert list(Image.objects.filter(pk=once.pk).unused()) == []


def test_they_combine_with_other_filters_and_slices(acme, contact):
    images = fake_images(acme, 3)
    contact.images.attach(images[1])
    assert list(count_uses(used(Image.objects.filter(organization=acme)))[:1]) == [images[1]]
