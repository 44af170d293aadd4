"""The path from an object to its organization, as the admin, the checks and the API follow it."""

from __future__ import annotations

import pytest

from contacts.models import Contact
from django_polyimages.models.organizations import (
    end_of_path,
    has_one_organization,
    objects_of,
    organization_keys,
    path_of,
)
from organizations.models import Membership, Organization

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
