"""Every endpoint x every caller x whose image x whose object, generated.

What each case has to answer follows from five lines in ``expected``; what is refused or missing
changes nothing, neither in a table nor in the storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db.models import Model
from django.test import Client

from catalog.models import Product
from contacts.models import Contact
from django_polyimages import storage
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.images import Policy
from organizations.models import Membership, Organization
from tests.api.calls import CALLS, Call
from tests.builders import fake_images, logged_in
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db

CALLERS = ["anonymous", "inactive", "nobody's", "other's", "superuser", "viewer", "editor"]
WHOSE = ["own", "foreign", "missing"]
CASES = [
    pytest.param(call, caller, image, obj, id=f"{call.operation}-{caller}-{image}-{obj}")
    for call in CALLS
    for caller in CALLERS
    for image in (WHOSE if call.image else ["own"])
    for obj in ([*WHOSE, "uuid", "not attachable"] if call.object else ["own"])
]


@dataclass
class World:
    """Two organizations with an image and an object each, attached to each other."""

    acme: Organization
    other: Organization
    images: dict[str, Any]
    objects: dict[str, Any]

    def client(self, caller: str) -> Client:
        if caller == "anonymous":
            return Client()
        home = {"nobody's": None, "superuser": None, "other's": self.other}.get(caller, self.acme)
        role = "viewer" if caller == "viewer" else "editor"
        client = logged_in(caller, home, role, is_superuser=caller == "superuser")
        if caller == "inactive":
            User.objects.update(is_active=False)
        return client

    def state(self) -> list[object]:
        models: list[type[Model]] = [Image, Relation, FileDeletion, Contact, Product]
        return [list(model._default_manager.order_by("pk").values()) for model in models] + [
            stored_keys()
        ]


@pytest.fixture
def world(acme, other) -> World:
    images, objects = {}, {}
    for whose, organization in (("own", acme), ("foreign", other)):
        [images[whose]] = fake_images(organization, 1)
        objects[whose] = Contact.objects.create(organization=organization, name=whose)
        objects[whose].images.attach(images[whose])
    storage.get_storage().save(images["own"].key, ContentFile(b"the original"))
    objects["uuid"] = Product.objects.create(organization=acme, name="uuid")
    objects["uuid"].images.attach(images["own"])
    images["missing"] = Image(pk=999_999)
    objects["missing"] = Contact(pk=999_999)
    objects["not attachable"] = acme
    return World(acme, other, images, objects)


def expected(call: Call, caller: str, image: str, obj: str) -> int:
    if caller in ("anonymous", "inactive"):
        return 401
    if caller not in ("viewer", "editor"):
        return 403
    if call.object and obj not in ("own", "uuid"):
        return 404
    if call.image == "before" and image != "own":
        return 404
    if call.writes and caller == "viewer":
        return 403
    if call.image == "after" and image != "own":
        return 404
    return call.success


def test_the_matrix_is_large():
    assert len(CASES) >= 300
    assert len({call.operation for call in CALLS}) == 18


@pytest.mark.parametrize(("call", "caller", "image", "obj"), CASES)
def test_matrix(world, call, caller, image, obj):
    client, before = world.client(caller), world.state()
    response = call.send(client, world.images[image], world.objects[obj], "acme")
    assert response.status_code == expected(call, caller, image, obj)
    if response.status_code >= 400:
        assert list(response.json()) == ["detail", "code"]
    if response.status_code >= 400 or not call.writes:
        assert world.state() == before
    if response.status_code == 200:
        assert b"foreign" not in response.getvalue()
    assert Image.objects.filter(pk=world.images["foreign"].pk).exists()
    assert world.objects["foreign"].images.get().custom_title == ""


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
@pytest.mark.parametrize("caller", ["anonymous", "nobody's", "editor"])
def test_another_organization_s_things_look_like_missing_ones(world, call, caller):
    client = world.client(caller)
    answers = []
    for whose in ("foreign", "missing"):
        image, obj = world.images[whose], world.objects[whose]
        response = call.send(client, image, obj, "acme")
        text = response.getvalue().decode().replace(str(image.pk), "ID").replace(str(obj.pk), "ID")
        answers.append((response.status_code, text))
    if call.image or call.object:
        assert answers[0] == answers[1]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
@pytest.mark.parametrize("caller", ["anonymous", "nobody's", "editor"])
def test_an_unknown_organization(world, call, caller):
    response = call.send(world.client(caller), world.images["own"], world.objects["own"], "nowhere")
    assert response.status_code == (401 if caller == "anonymous" else 404)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_a_member_of_both_does_not_mix_them(world, call):
    """Through one organization, the other one's things stay out of reach of its own members."""
    client = world.client("editor")
    user = User.objects.get(username="editor")
    Membership.objects.create(user=user, organization=world.other, role="editor")
    before = world.state()
    response = call.send(client, world.images["foreign"], world.objects["foreign"], "acme")
    if call.image != "skipped" and (call.image or call.object):
        assert response.status_code == 404
        assert world.state() == before


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_each_endpoint_asks_the_policy(world, call, monkeypatch):
    asked = []

    def may(self, user, action, *args):
        asked.append(action)
        return False

    monkeypatch.setattr(Policy, "may", may)
    client, before = world.client("editor"), world.state()
    response = call.send(client, world.images["own"], world.objects["own"], "acme")
    assert (response.status_code, response.json()) == (
        403,
        {"detail": "You do not have permission to do this.", "code": "not_allowed"},
    )
    assert len(asked) == 1
    assert world.state() == before


@pytest.mark.parametrize("call", [call for call in CALLS if call.writes], ids=lambda c: c.operation)
def test_each_unsafe_endpoint_needs_a_csrf_token(world, call, editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    before = world.state()
    response = call.send(client, world.images["own"], world.objects["own"], "acme")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    assert world.state() == before
