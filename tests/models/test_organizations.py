"""The path from an object to its organization, as the admin, the checks and the API follow it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from contacts.models import Contact
from django_polyimages import OrganizationMismatch
from django_polyimages.models import Image, organization_of
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.organizations import (
    end_of_path,
    has_one_organization,
    objects_of,
    organization_keys,
    owners_of,
    path_of,
    require_owner,
)
from organizations.models import Membership, Organization
from tests.builders import fake_images

pytestmark = pytest.mark.django_db
MANY = "organization__memberships__organization"


@pytest.mark.parametrize(
    ("path", "end", "has_one"),
    [
        ("organization", Organization, True),
        ("pk", Contact, True),
        ("organization__memberships", Membership, False),
        (MANY, Organization, False),
        ("name", None, False),
        ("organization__nowhere", None, False),
        (None, None, False),
    ],
)
def test_a_path_leads_to_a_model(monkeypatch, path, end, has_one):
    monkeypatch.setattr(Contact, "image_organization_path", path)
    assert path_of(Contact) == path
    assert (end_of_path(Contact), has_one_organization(Contact)) == (end, has_one)


def test_the_keys_of_an_object_before_it_is_saved(acme, editor, monkeypatch):
    assert organization_keys(Contact(organization=acme)) == {acme.pk}
    assert organization_keys(Contact()) == set()
    monkeypatch.setattr(Contact, "image_organization_path", MANY)
    saved = Contact.objects.create(organization=acme, name="x")
    assert organization_keys(saved) == {acme.pk}
    monkeypatch.setattr(Contact, "image_organization_path", "nowhere")
    assert organization_keys(saved) == set()


def test_the_objects_of_an_organization(acme, other, contact, monkeypatch):
    assert list(objects_of(acme, Contact)) == [contact]
    assert list(objects_of(other, Contact)) == []
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert list(objects_of(acme, Organization)) == [acme]


def test_an_organization_that_is_not_saved_has_no_key(monkeypatch):
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert organization_keys(Organization(name="x")) == set()


class TestOrganizationOf:
    def test_follows_the_path(self, contact, acme, monkeypatch):
        assert organization_of(contact) == acme
        monkeypatch.setattr(Membership, "image_organization_path", "organization", raising=False)
        monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
        assert organization_of(acme) is acme

    def test_a_path_that_ends_at_none_is_an_error(self, monkeypatch):
        with pytest.raises(ValueError, match="This Contact has no organization: organization is N"):
            organization_of(Contact(name="x"))
        monkeypatch.setattr(Image, "image_organization_path", "creator__pk", raising=False)
        with pytest.raises(ValueError, match="creator__pk is None"):
            organization_of(Image())

    def test_a_path_to_many_is_refused(self, editor, contact, monkeypatch):
        monkeypatch.setattr(Contact, "image_organization_path", MANY)
        with pytest.raises(ImproperlyConfigured, match="to many objects through 'memberships'"):
            organization_of(contact)


@pytest.mark.parametrize(
    ("path", "loaded", "queries"),
    [
        ("organization", (), 0),
        ("organization", ("organization",), 0),
        ("image__organization", (), 1),
        ("image__organization", ("image",), 0),
        ("image__creator__memberships__organization", ("image__creator",), 1),
        ("image__organization__memberships__organization", (), 1),
    ],
)
def test_the_owners_of_a_saved_object(
    acme, editor, contact, monkeypatch, django_assert_num_queries, path, loaded, queries
):
    image = Image.objects.create(
        file="x.jpg", organization=acme, creator=editor, width=1, height=1, byte_size=1
    )
    contact.images.attach(image)
    model = Contact if path == "organization" else Relation
    monkeypatch.setattr(model, "image_organization_path", path, raising=False)
    obj = model.objects.select_related(*loaded or [None]).get()
    with django_assert_num_queries(queries):
        assert owners_of(obj) == {acme.pk}


def test_there_are_no_owners_where_the_path_ends_before(acme, contact, monkeypatch):
    image = Image.objects.create(file="x.jpg", organization=acme, width=1, height=1, byte_size=1)
    contact.images.attach(image)
    monkeypatch.setattr(
        Relation, "image_organization_path", "image__creator__profile", raising=False
    )
    assert owners_of(Relation.objects.get()) == set()
    monkeypatch.setattr(
        Relation, "image_organization_path", "image__creator__memberships__organization"
    )
    assert owners_of(Relation.objects.select_related("image__creator").get()) == set()
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert owners_of(acme) == {acme.pk}
    assert owners_of(image) == set()


def test_images_without_their_columns_are_asked_for_at_once(
    acme, other, contact, django_assert_num_queries
):
    fake_images(acme, 3)
    deferred = list(Image.objects.only("pk"))
    with django_assert_num_queries(1):
        require_owner(contact, deferred)
    [foreign] = fake_images(other, 1)
    deferred = [*Image.objects.only("pk").filter(organization=other), *fake_images(acme, 1)]
    with django_assert_num_queries(1), pytest.raises(OrganizationMismatch) as raised:
        require_owner(contact, deferred)
    assert raised.value.image_ids == [foreign.pk]
