from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test.utils import isolate_apps

from contacts.models import Contact
from django_polyimages import checks, get_relation_model
from django_polyimages.models.attachable import is_attachable
from organizations.models import Organization


def complaints() -> list[tuple[str, object]]:
    return [(one.id, one.obj) for one in run_checks() if one.id.startswith("polyimages.")]


def test_the_example_project_has_no_complaints():
    assert complaints() == []


def test_a_model_without_a_path_is_named(monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", None)
    assert complaints() == [("polyimages.W001", Contact)]


@pytest.mark.parametrize("path", ["company", "name", "organization__name", "", "organization__x"])
def test_a_path_that_leads_nowhere_is_an_error(monkeypatch, path):
    monkeypatch.setattr(Contact, "image_organization_path", path)
    [message] = [one for one in run_checks() if one.id == "polyimages.E001"]
    assert message.msg == (
        f"contacts.Contact.image_organization_path is {path!r}, a path that does not exist."
    )
    assert "organizations.Organization" in message.hint


def test_a_path_to_something_else_is_an_error(monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", "pk")
    [message] = [one for one in run_checks() if one.id == "polyimages.E001"]
    assert "which ends at contacts.Contact" in message.msg


@isolate_apps("contacts", "django.contrib.contenttypes")
def test_a_child_with_a_table_of_its_own_shares_no_images(monkeypatch):
    class Customer(Contact):
        class Meta:
            app_label = "contacts"

    monkeypatch.setattr(checks.apps, "get_models", lambda: [Contact, Customer])
    [message] = checks.check_inherited_images()
    assert (message.id, message.obj) == ("polyimages.W002", Customer)
    assert not is_attachable(Customer, get_relation_model())
    assert is_attachable(Contact, get_relation_model())


def test_a_long_path_and_the_organization_itself_are_fine(monkeypatch):
    monkeypatch.setattr(
        Contact, "image_organization_path", "organization__memberships__organization"
    )
    assert complaints() == []
    monkeypatch.setattr(Contact, "image_organization_path", "organization")
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert complaints() == []
