"""The page that asks before images are deleted."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import PROTECT, RESTRICT
from django.test import RequestFactory

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.admin.library import deletion
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
    assert "Image uses: 300" in page
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
    assert "Image uses: 301" in page


def test_no_images(rf):
    assert deleted_objects([], rf.get("/"), admin.site) == ([], {}, set(), [])


def test_who_may_not_delete_relations_where_the_admin_knows_them(used):
    site = admin.AdminSite()
    site.register(Relation, ModelAdmin)
    request = RequestFactory().get("/")
    staff_with("delete_image")
    request.user = User.objects.get(username="staff")
    assert deleted_objects([used], request, site)[2] == {"image use"}


def test_a_plain_admin_of_a_host_makes_one_query_for_all_images_of_an_object(
    rf, acme, contact, django_assert_max_num_queries
):
    contact.images.attach_many(fake_images(acme, 30))
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True)
    plain = ModelAdmin(Contact, admin.AdminSite())
    with django_assert_max_num_queries(5):
        lines, counts, _lacking, _protected = plain.get_deleted_objects([contact], request)
    assert counts == {"contacts": 1, "image uses": 30}  # and no image
    assert str(lines).count("Image use: ") == 30


class TestWhatAHostRefersTo:
    """Relations stand for a model of the host that refers to images."""

    @pytest.fixture(autouse=True)
    def many(self, monkeypatch):
        monkeypatch.setattr(deletion, "MOST_LOADED", 3)

    @pytest.mark.parametrize("on_delete", [PROTECT, RESTRICT])
    def test_of_what_protects_an_image_some_is_loaded(self, used, monkeypatch, rf, on_delete):
        image = Relation._meta.get_field("image")
        monkeypatch.setattr(image.remote_field, "on_delete", on_delete)
        request = rf.get("/")
        request.user = User(is_superuser=True, is_active=True)
        protected = deleted_objects([used], request, admin.site)[3]
        assert len(protected) == 3

    def test_long_lists_of_other_models_are_counted(self, acme, rf, monkeypatch):
        Contact.objects.bulk_create(Contact(organization=acme, name=f"{n}") for n in range(4))
        Product.objects.create(organization=acme, name="Lamp")
        request = rf.get("/")
        request.user = User(is_superuser=True, is_active=True)
        lines, counts, _lacking, _protected = deleted_objects([acme], request, admin.site)
        assert (counts["contacts"], counts["products"]) == (4, 1)
        assert "Lamp" in str(lines)
        assert "Contact" not in str(lines)
