"""The page that asks before images are deleted."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.admin.library.deletion import deleted_objects
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.admin.conftest import LIST
from tests.builders import fake_images, staff_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(acme) -> Image:
    """An image that 300 objects use."""
    [image] = fake_images(acme, 1)
    kind = ContentType.objects.get_for_model(Product)
    Relation.objects.bulk_create(
        Relation(image=image, content_type=kind, object_id=str(number)) for number in range(300)
    )
    return image


def test_relations_are_counted_and_not_loaded(admin_client, used, monkeypatch):
    loaded = []
    real = Relation.from_db
    monkeypatch.setattr(
        Relation, "from_db", classmethod(lambda cls, *row: loaded.append(row) or real(*row))
    )
    page = admin_client.get(f"{LIST}{used.pk}/delete/").content.decode()
    assert "Attached images: 300" in page
    assert "and 250 more" in page
    assert len(loaded) == 50


def test_they_are_deleted_all_the_same(admin_client, used):
    response = admin_client.post(f"{LIST}{used.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not Image.objects.exists()
    assert not Relation.objects.exists()


def test_several_images_with_the_action(admin_client, used, acme, contact):
    others = fake_images(acme, 2)
    contact.images.attach_many(others)
    data = {"action": "delete_selected", "_selected_action": [used.pk, others[0].pk]}
    page = admin_client.post(LIST, data).content.decode()
    assert "Images: 2" in page
    assert "Attached images: 301" in page


def test_no_images(rf):
    assert deleted_objects([], rf.get("/"), admin.site) == ([], {}, set(), [])


def test_who_may_not_delete_relations_where_the_admin_knows_them(used):
    site = admin.AdminSite()
    site.register(Relation, ModelAdmin)
    request = RequestFactory().get("/")
    staff_with("delete_image")
    request.user = User.objects.get(username="staff")
    assert deleted_objects([used], request, site)[2] == {"attached image"}


def test_the_page_of_an_object_makes_one_query_for_all_its_images(
    admin_client, acme, contact, django_assert_max_num_queries
):
    contact.images.attach_many(fake_images(acme, 30))
    with django_assert_max_num_queries(15):
        page = admin_client.get(f"/admin/contacts/contact/{contact.pk}/delete/").content.decode()
    assert page.count("Attached image: ") == 30
    admin_client.post(f"/admin/contacts/contact/{contact.pk}/delete/", {"post": "yes"})
    assert not Contact.objects.exists()
    assert not Relation.objects.exists()
