from __future__ import annotations

import pytest

from django_polyimages.models import Image
from django_polyimages.operations.regeneration import images_of, plan_regeneration, regenerate
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


def test_a_plan_costs_one_query_and_holds_keys(acme, django_assert_num_queries):
    images = fake_images(acme, 5)
    with django_assert_num_queries(1):
        plan = plan_regeneration(Image.objects.order_by("-title"))
    assert plan.keys == [image.pk for image in images]
    assert plan.is_complete


def test_a_limited_plan_goes_on_after_its_last_key(acme):
    keys = [image.pk for image in fake_images(acme, 5)]
    first = plan_regeneration(Image.objects.all(), limit=3)
    assert (first.keys, first.is_complete) == (keys[:3], False)
    second = plan_regeneration(Image.objects.all(), after=first.keys[-1], limit=3)
    assert (second.keys, second.is_complete) == (keys[3:], True)


def test_a_limit_that_is_just_enough_leaves_nothing(acme):
    fake_images(acme, 3)
    assert plan_regeneration(Image.objects.all(), limit=3).is_complete


def test_images_deleted_since_the_plan_are_left_out(acme):
    first, second, third = fake_images(acme, 3)
    plan = plan_regeneration(Image.objects.all())
    Image.objects.filter(pk=second.pk).delete()
    assert list(images_of(plan)) == [first, third]


def test_an_image_that_is_deleted_meanwhile_is_none(image):
    Image.objects.all().delete()
    assert regenerate(image) is None


def test_an_image_is_regenerated(image):
    assert regenerate(image).generated == []
    assert regenerate(image, everything=True).generated == ["thumb", "sm", "md", "lg"]
