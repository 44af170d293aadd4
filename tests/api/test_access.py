from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Membership, Organization
from tests.api.calls import CALLS, ROOT, get, upload
from tests.builders import fake_images, logged_in
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def every_call(client: Client, image, obj, org: str = "acme"):
    """Each endpoint once, those that delete an image at the end."""
    for call in sorted(CALLS, key=lambda call: "delete" in call.operation):
        yield call, call.send(client, image, obj, org)


@pytest.fixture
def their_image(acme):
    return fake_images(acme, 1)[0]


@pytest.mark.parametrize("org", ["acme", "nowhere"])
def test_anonymous_callers_learn_nothing(their_image, contact, org):
    for client in (Client(), Client(enforce_csrf_checks=True)):
        for _call, response in every_call(client, their_image, contact, org):
            assert response.status_code == 401
            assert list(response.json()) == ["detail", "code"]
    assert stored_keys() == []


def test_others_than_members_are_refused(their_image, contact, other):
    for client in (logged_in("a"), logged_in("b", other), logged_in("c", is_superuser=True)):
        for _call, response in every_call(client, their_image, contact):
            assert response.status_code == 403
            assert response.json() == {
                "detail": "You are not a member of this organization.",
                "code": "not_a_member",
            }
    assert stored_keys() == []
    assert not Relation.objects.exists()


@pytest.mark.parametrize("org", ["nowhere", "ACME", "acme ", "\x00", "%00"])
def test_an_unknown_organization_is_a_404(client, their_image, contact, org):
    assert get(client, org=org).status_code == 404
    assert upload(client, org=org).status_code == 404


@pytest.fixture
def lax_client(editor, settings) -> Client:
    """Logged in, at an API whose authentication is a function and checks no CSRF token."""
    settings.ROOT_URLCONF = "tests.api.lax_urls"
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    return client


def test_a_function_as_auth_does_not_open_a_door_for_forged_requests(lax_client):
    assert get(lax_client).status_code == 200
    refused = upload(lax_client)
    assert (refused.status_code, refused.json()) == (
        403, {"detail": "The CSRF token is missing or wrong.", "code": "csrf_failed"},
    )  # fmt: skip
    assert stored_keys() == []


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer x", "bearer x"])
def test_a_header_that_nobody_has_checked_does_not_make_up_for_csrf(lax_client, header):
    data = {"file": upload_of(photo())}
    response = lax_client.post(f"{ROOT}/acme/images/", data, headers={"Authorization": header})
    assert response.status_code == 403
    assert stored_keys() == []


def test_an_auth_that_finds_no_user_lets_nobody_in(settings, acme):
    settings.ROOT_URLCONF = "tests.api.lax_urls"
    assert get(Client()).status_code == 401


def test_an_inactive_user_that_an_auth_lets_through_is_nobody(lax_client, editor, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    lax_client.force_login(editor)
    assert get(lax_client).status_code == 200
    User.objects.update(is_active=False)
    assert get(lax_client).status_code == 401


def test_a_model_with_a_path_but_without_images_does_not_exist(client, acme, monkeypatch):
    monkeypatch.setattr(Organization, "image_organization_path", "pk", raising=False)
    assert get(client, f"images/organizations/organization/{acme.pk}/").status_code == 404


def test_an_organization_may_have_images_itself(client, acme, other, image, monkeypatch):
    field = Contact._meta.get_field("organization")
    monkeypatch.setattr(Contact, "image_organization_path", "organization__pk")
    assert field.related_model is Organization
    contact = Contact.objects.create(pk=acme.pk, organization=other, name="x")
    monkeypatch.setattr(Contact, "image_organization_path", "pk")
    assert get(client, f"images/contacts/contact/{contact.pk}/").status_code == 200
    assert get(client, f"images/contacts/contact/{contact.pk + 1}/").status_code == 404


def test_a_model_without_a_path_does_not_exist(client, contact, monkeypatch):
    monkeypatch.setattr(Contact, "image_organization_path", None)
    assert get(client, f"images/contacts/contact/{contact.pk}/").status_code == 404


def test_a_removed_member_is_refused_at_once(client, their_image, contact):
    assert get(client).status_code == 200
    Membership.objects.all().delete()
    assert get(client).status_code == 403


def test_an_inactive_user_is_nobody(client, editor):
    User.objects.update(is_active=False)
    assert get(client).status_code == 401


def test_a_form_may_carry_its_csrf_token_in_a_field(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    client.cookies["csrftoken"] = token = "x" * 32
    data = {"file": upload_of(photo()), "csrfmiddlewaretoken": token}
    assert client.post(f"{ROOT}/acme/images/", data).status_code == 200


def test_a_session_with_its_csrf_token_is_served(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    client.get("/admin/login/")
    client.cookies["csrftoken"] = token = "x" * 32
    response = client.post(
        f"{ROOT}/acme/images/", {"file": upload_of(photo())}, headers={"X-CSRFToken": token}
    )
    assert response.status_code == 200
