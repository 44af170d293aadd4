from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection
from django.test import Client

from contacts.models import Contact
from django_polyimages.errors import OrganizationMismatch
from django_polyimages.models import Image, ImageRelationManager
from organizations.images import Policy
from tests.api.calls import four, get, patch, post, target
from tests.builders import fake_images

pytestmark = pytest.mark.django_db
VERBS = {
    "attach": "attach_or_update",
    "detach": "detach_many",
    "bulk_attach": "attach_many",
    "bulk_detach": "detach_many",
    "reorder": "reorder",
    "update": "update_relation",
}


def call(client: Client, verb: str, image, obj):
    if verb in ("attach", "detach"):
        return post(client, f"{verb}/", four(image, obj))
    if verb == "update":
        return patch(client, f"{target(obj)}{image.pk}/", {"order": 1})
    return post(client, f"{target(obj)}{verb}/", {"image_ids": [image.pk]})


@pytest.fixture
def just_before(monkeypatch):
    """Do something after an endpoint has looked everything up, right before its verb."""

    def arrange(verb: str, happening) -> None:
        real = getattr(ImageRelationManager, VERBS[verb])

        def changed(self, *args, **kwargs):
            happening()
            return real(self, *args, **kwargs)

        monkeypatch.setattr(ImageRelationManager, VERBS[verb], changed)

    return arrange


@pytest.fixture
def attached(acme, contact) -> Image:
    [image] = fake_images(acme, 1)
    contact.images.attach(image)
    return image


@pytest.mark.parametrize("verb", VERBS)
def test_an_object_that_goes_before_the_verb_is_a_404(client, attached, contact, just_before, verb):
    just_before(verb, Contact.objects.all().delete)
    response = call(client, verb, attached, contact)
    assert (response.status_code, response.json()) == (
        404,
        {"detail": "Not found.", "code": "not_found"},
    )


@pytest.mark.parametrize("verb", ["attach", "bulk_attach"])
def test_a_mismatch_of_what_has_moved_to_another_organization_is_a_404(
    client, attached, contact, other, just_before, verb
):
    def move() -> None:
        Contact.objects.update(organization=other)
        raise OrganizationMismatch([attached.pk])  # as where the path to it has several steps

    just_before(verb, move)
    assert call(client, verb, attached, contact).status_code == 404


@pytest.mark.parametrize("verb", ["attach", "bulk_attach", "reorder", "update"])
def test_an_image_that_goes_before_the_verb_is_a_404(client, attached, contact, just_before, verb):
    def delete() -> None:
        pk = attached.pk
        Image.objects.all().delete()
        Image.objects.get(pk=pk)

    just_before(verb, delete)
    response = call(client, verb, attached, contact)
    assert (response.status_code, response.json()) == (
        404, {"detail": f"Not found: images {attached.pk}.", "code": "not_found"},
    )  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_receiver_of_the_host_does_not_find_is_no_404(
    client, attached, contact, just_before, verb
):
    just_before(verb, lambda: Contact.objects.get(pk=999_999))
    with pytest.raises(Contact.DoesNotExist):
        call(client, verb, attached, contact)


@pytest.mark.parametrize("verb", VERBS)
def test_a_constraint_that_the_host_s_code_breaks_is_no_404(
    client, attached, contact, just_before, verb
):
    def break_it() -> None:
        raise IntegrityError("NOT NULL constraint failed: contacts_contact.name")

    just_before(verb, break_it)
    with pytest.raises(IntegrityError):
        call(client, verb, attached, contact)


def test_a_host_s_mistake_is_a_logged_500(client, attached, contact, just_before, caplog):
    just_before("attach", lambda: Contact.objects.get(pk=999_999))
    client.raise_request_exception = False
    assert call(client, "attach", attached, contact).status_code == 500
    assert "Contact matching query does not exist" in caplog.text


@pytest.mark.parametrize("words", ["Ask Ada.", ""])
def test_a_policy_may_refuse_with_django_s_error(client, monkeypatch, words):
    def refuse(*args):
        raise PermissionDenied(words)

    monkeypatch.setattr(Policy, "may", refuse)
    response = get(client)
    detail = words or "You do not have permission to do this."
    assert (response.status_code, response.json()) == (
        403,
        {"detail": detail, "code": "not_allowed"},
    )


def test_the_body_of_an_anonymous_call_is_not_read(settings, acme):
    """Without cookies nothing needs the form before the log-in."""
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 0
    assert Client().post("/api/v1/images/orgs/acme/images/", {"title": "x"}).status_code == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("verb", VERBS)
def test_a_deadlock_that_cannot_be_repeated_is_a_503(
    client, attached, contact, just_before, monkeypatch, verb, atomic
):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)

    def lose() -> None:
        Contact.objects.update(name="changed before")
        raise OperationalError(1213, "Deadlock found when trying to get lock")

    just_before(verb, lose)
    response = call(client, verb, attached, contact)
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert response["Retry-After"] == "1"
    if atomic:
        assert Contact.objects.get().name == "Ada"


def test_another_error_of_the_database_is_the_host_s(client, attached, contact, just_before):
    def fail() -> None:
        raise OperationalError("no such table")

    just_before("attach", fail)
    with pytest.raises(OperationalError, match="no such table"):
        call(client, "attach", attached, contact)
