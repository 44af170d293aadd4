"""The pages of a host that ask before an organization or an object with images is deleted."""

from __future__ import annotations

import pytest
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete

from contacts.models import Contact
from django_polyimages.admin.library import host_deletion
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import fake_images

pytestmark = pytest.mark.django_db
STAY = "The images themselves stay in the library."


@pytest.fixture
def page_of(admin_client):
    def page_of(obj) -> str:
        meta = obj._meta
        url = f"/admin/{meta.app_label}/{meta.model_name}/{obj.pk}/delete/"
        return admin_client.get(url).content.decode()

    return page_of


def test_the_images_of_an_object_are_said_to_stay(page_of, admin_client, acme, contact):
    contact.images.attach_many(fake_images(acme, 4))
    page = page_of(contact)
    assert "Image uses: 4" in page
    assert STAY in page
    admin_client.post(f"/admin/contacts/contact/{contact.pk}/delete/", {"post": "yes"})
    assert not Contact.objects.exists()
    assert not Relation.objects.exists()
    assert Image.objects.count() == 4


def test_nothing_is_said_of_images_where_an_object_has_none(page_of, contact):
    assert STAY not in page_of(contact)


def test_an_organization_s_images_are_counted_at_a_constant_cost(
    page_of, acme, contact, django_assert_max_num_queries
):
    contact.images.attach_many(fake_images(acme, 3))
    with django_assert_max_num_queries(40) as few:
        page_of(acme)
    contact.images.attach_many(fake_images(acme, 30))
    with django_assert_max_num_queries(len(few)):
        page = page_of(acme)
    assert "Images: 33" in page
    assert "Image uses: 33" in page
    assert STAY not in page
    assert "Image: " not in page


@pytest.mark.parametrize("by", ["page", "action"])
def test_they_are_deleted_in_batches_and_not_by_cascade(
    admin_client, acme, other, monkeypatch, by, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(host_deletion, "BATCH", 2)
    fake_images(acme, 5)
    [kept] = fake_images(other, 1)
    origins = []
    receive = lambda origin, **kwargs: origins.append(type(origin).__name__)  # noqa: E731
    pre_delete.connect(receive, sender=Image)
    try:
        url = "/admin/organizations/organization/"
        if by == "page":
            admin_client.post(f"{url}{acme.pk}/delete/", {"post": "yes"})
        else:
            data = {"action": "delete_selected", "_selected_action": acme.pk, "post": "yes"}
            admin_client.post(url, data)
    finally:
        pre_delete.disconnect(receive, sender=Image)
    assert list(Organization.objects.all()) == [other]
    assert list(Image.objects.all()) == [kept]
    assert FileDeletion.objects.count() == 5
    assert origins == ["ImageQuerySet"] * 5


def test_if_the_organization_cannot_be_deleted_its_images_are_kept(admin_client, acme, monkeypatch):
    fake_images(acme, 2)

    def refuse(*args, **kwargs):
        raise ProtectedError("", set())

    monkeypatch.setattr(Organization, "delete", refuse)
    with pytest.raises(ProtectedError):
        admin_client.post(f"/admin/organizations/organization/{acme.pk}/delete/", {"post": "yes"})
    assert Image.objects.count() == 2
