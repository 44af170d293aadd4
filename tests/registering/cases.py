"""Run by ``tests/models/test_registering.py`` with separate settings."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.models import Count

from contacts.models import Contact
from django_polyimages.models import (
    Image,
    organization_of,
    prefetch_images,
    register_attachable,
    relations_of,
)
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Membership, Organization
from tests.api.calls import four, get, post, target
from tests.builders import fake_images
from tests.drawing import photo, upload_of

pytestmark = pytest.mark.django_db


def test_a_second_registration_is_refused():
    with pytest.raises(ImproperlyConfigured, match=r"auth\.User is already attachable"):
        register_attachable(User, organization_path="memberships__organization")
    with pytest.raises(ImproperlyConfigured, match=r"contacts\.Contact is already attachable"):
        register_attachable(Contact)


def test_the_verbs(editor, acme, contact):
    a, b = fake_images(acme, 2)
    images = relations_of(editor)
    images.attach(a)
    images.set_cover(b)
    contact.images.attach(a)
    assert images.cover().content_object == editor
    images.reorder([b, a])
    assert [relation.image for relation in User.objects.get().images.all()] == [b, a]
    images.sync([a])
    assert images.count() == 1


def test_filters_and_counts(editor, acme):
    User.objects.create_user("other")
    relations_of(editor).attach(fake_images(acme, 1)[0], is_cover=True)
    assert User.objects.filter(images__is_cover=True).get() == editor
    assert User.objects.exclude(images__is_cover=True).get().username == "other"
    assert User.objects.alias(n=Count("images")).filter(n=1).get() == editor
    assert Membership.objects.filter(user__images__is_cover=True).exists()


@pytest.mark.parametrize("cover_only", [False, True])
def test_prefetching(editor, acme, contact, cover_only, django_assert_num_queries):
    [image] = fake_images(acme, 1)
    objects = [editor, acme, contact]
    for obj in objects:
        relations_of(obj).attach(image)
    with django_assert_num_queries(1):
        prefetch_images(objects, cover_only=cover_only)
        assert [relations_of(obj).cover().image for obj in objects] == [image] * 3
    with django_assert_num_queries(3):
        [found] = User.objects.prefetch_related("images__image")
        assert [relation.image for relation in found.images.all()] == [image]


def test_deletion_takes_the_relations(editor, acme):
    [image] = fake_images(acme, 1)
    relations_of(editor).attach(image)
    editor.delete()
    assert not Relation.objects.exists()
    relations_of(acme).attach(image)
    Organization.objects.all().delete()
    assert not Relation.objects.exists()


def test_the_api_reaches_members_of_the_organization(client, editor, acme, other):
    [image] = fake_images(acme, 1)
    stranger = User.objects.create_user("stranger")
    Membership.objects.create(user=stranger, organization=other, role="viewer")
    assert post(client, "attach/", four(image, editor)).status_code == 200
    assert get(client, target(editor)).json()["count"] == 1
    assert post(client, "attach/", four(image, stranger)).status_code == 404
    assert post(client, "attach/", four(image, acme)).status_code == 200
    assert post(client, "attach/", four(image, other)).status_code == 404


def test_a_file_needs_one_organization(editor, acme):
    with pytest.raises(ImproperlyConfigured, match="to many objects through 'memberships'"):
        relations_of(editor).attach(upload_of(photo()))
    assert not Image.objects.exists()
    assert organization_of(acme) is acme
    assert relations_of(acme).attach(upload_of(photo())).image.organization == acme


@pytest.mark.django_db(databases=["default", "other"])
def test_checks_and_migrations_see_nothing_new(monkeypatch):
    assert [one for one in run_checks() if one.id.startswith("polyimages.")] == []
    call_command("makemigrations", check=True, dry_run=True)
    monkeypatch.setattr(User, "image_organization_path", "nowhere")
    assert [one.obj for one in run_checks() if one.id == "polyimages.E001"] == [User]
