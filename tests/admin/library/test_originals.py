from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from django_polyimages.models import Image
from tests.builders import logged_in, staff_with, uploaded
from tests.drawing import photo

pytestmark = pytest.mark.django_db


def page_of(image: Image, name: str) -> str:
    return reverse(f"admin:polyimages_image_{name}", args=[image.pk])


def test_the_page_of_an_image_links_to_its_original(acme, originals):
    image, staff = uploaded(acme), staff_with("view_image")
    original = page_of(image, "original")
    assert f'<a href="{original}">{image.key}</a>' in staff.get(page_of(image, "change")).text
    assert staff.get(original).getvalue() == photo()


def test_an_image_without_versions_is_shown_as_its_original(acme, originals):
    image, staff = uploaded(acme), staff_with("view_image")
    Image.objects.update(versions={})
    html = staff.get(page_of(image, "change")).text
    assert f'<img src="{page_of(image, "original")}"' in html


def test_without_a_storage_for_originals_the_link_is_the_storage_s(image):
    html = staff_with("view_image").get(page_of(image, "change")).text
    assert f'<a href="{image.url}">' in html


def test_staff_without_the_permission_get_nothing(acme, originals):
    original = page_of(uploaded(acme), "original")
    assert staff_with("view_contact").get(original).status_code == 403
    assert logged_in("member", acme).get(original).status_code == 302
    assert Client().get(original).status_code == 302


def test_an_image_that_does_not_exist_is_not_found(acme, originals):
    original = page_of(image := uploaded(acme), "original")
    image.delete()
    assert staff_with("view_image").get(original).status_code == 404
