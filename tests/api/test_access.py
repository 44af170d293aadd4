from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Membership
from tests.api.calls import ROOT, bulk_upload, four, get, post, target, upload
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys
from tests.test_models import fake_images

pytestmark = pytest.mark.django_db


def every_call(client: Client, image, obj, org: str = "acme"):
    """Each endpoint once."""
    yield get(client, org=org)
    yield get(client, target(obj), org=org)
    yield upload(client, org=org)
    yield bulk_upload(client, upload_of(photo()), org=org)
    yield post(client, "attach/", four(image, obj), org=org)
    yield post(client, "detach/", four(image, obj), org=org)


@pytest.fixture
def their_image(acme):
    return fake_images(acme, 1)[0]


def logged_in(name: str, organization=None, role: str = "editor", **fields) -> Client:
    user = User.objects.create_user(name, password="secret", **fields)
    if organization:
        Membership.objects.create(user=user, organization=organization, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("org", ["acme", "nowhere"])
def test_anonymous_callers_learn_nothing(their_image, contact, org):
    for client in (Client(), Client(enforce_csrf_checks=True)):
        for response in every_call(client, their_image, contact, org):
            assert response.status_code == 401
            assert list(response.json()) == ["detail"]
    assert stored_keys() == []


def test_others_than_members_are_refused(their_image, contact, other):
    for client in (logged_in("a"), logged_in("b", other), logged_in("c", is_superuser=True)):
        for response in every_call(client, their_image, contact):
            assert response.status_code == 403
            assert response.json() == {"detail": "You are not a member of this organization."}
    assert stored_keys() == []
    assert not Relation.objects.exists()


@pytest.mark.parametrize("org", ["nowhere", "ACME", "acme ", "\x00", "%00"])
def test_an_unknown_organization_is_a_404(client, their_image, contact, org):
    assert get(client, org=org).status_code == 404
    assert upload(client, org=org).status_code == 404


def test_viewers_read_and_do_not_write(acme, their_image, contact):
    answers = [
        r.status_code for r in every_call(logged_in("v", acme, "viewer"), their_image, contact)
    ]
    assert answers == [200, 200, 403, 403, 403, 403]
    assert stored_keys() == []


def test_editors_do_everything(client, their_image, contact):
    assert [r.status_code for r in every_call(client, their_image, contact)] == [200] * 5 + [204]


def test_a_removed_member_is_refused_at_once(client, their_image, contact):
    assert get(client).status_code == 200
    Membership.objects.all().delete()
    assert get(client).status_code == 403


def test_an_inactive_user_is_nobody(client, editor):
    User.objects.update(is_active=False)
    assert get(client).status_code == 401


def test_another_organization_s_image_does_not_exist(client, other, contact):
    [foreign] = fake_images(other, 1)
    missing = post(client, "attach/", four(foreign, contact, image_id=999_999))
    for path in ("attach/", "detach/"):
        response = post(client, path, four(foreign, contact))
        assert (response.status_code, response.content) == (404, missing.content)
    assert not Relation.objects.exists()


def test_another_organization_s_object_does_not_exist(client, other, their_image):
    foreign = Contact.objects.create(organization=other, name="Theirs")
    assert get(client, target(foreign)).status_code == 404
    for path in ("attach/", "detach/"):
        assert post(client, path, four(their_image, foreign)).status_code == 404
    assert not Relation.objects.exists()


def test_a_session_without_a_csrf_token_is_refused(editor, their_image, contact):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    codes = [response.status_code for response in every_call(client, their_image, contact)]
    assert codes == [200, 200, 403, 403, 403, 403]
    assert stored_keys() == []


def test_a_session_with_its_csrf_token_is_served(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    client.get("/admin/login/")
    client.cookies["csrftoken"] = token = "x" * 32
    response = client.post(
        f"{ROOT}/acme/images/", {"file": upload_of(photo())}, headers={"X-CSRFToken": token}
    )
    assert response.status_code == 200
