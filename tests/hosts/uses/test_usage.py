"""An image that anything refers to is used, whatever the kind of reference."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory

from django_polyimages.admin.library.usage import uses_of
from django_polyimages.models import Image
from tests.api.calls import get, post, send
from tests.builders import fake_images, uploaded
from tests.hosts.uses import models
from tests.hosts.uses.users import USERS

pytestmark = pytest.mark.django_db
LIST = "/admin/polyimages/image/"


@pytest.fixture
def unused(acme) -> Image:
    return uploaded(acme, title="Nobody's")


def test_the_manager_knows_it_for_used(user, image, unused):
    assert list(Image.objects.unused()) == [unused]


def test_the_api_does_not_call_it_unattached(client, user, image, unused):
    found = get(client, "images/?unattached=true").json()
    assert [one["id"] for one in found["items"]] == [unused.pk]


def test_the_filter_of_the_admin_and_its_column_know_it(admin_client, user, image, unused):
    for query, wanted in (("used=1", [image]), ("used=0", [unused])):
        rows = admin_client.get(f"{LIST}?{query}").context["cl"].result_list
        assert list(rows) == wanted
    numbers = {row.pk: row.number_of_uses for row in _changelist(admin_client)}
    assert numbers == {image.pk: 1, unused.pk: 0}


def test_the_page_of_the_image_and_of_its_deletion_name_it(admin_client, user, image):
    for page in ("change", "delete"):
        html = admin_client.get(f"{LIST}{image.pk}/{page}/").content.decode()
        assert user.name in html
        assert user._meta.verbose_name in html.lower()


def test_all_at_once_are_counted(users, contact, image, admin_client):
    contact.images.attach(image)
    [row] = _changelist(admin_client)
    assert row.number_of_uses == len(users) + 1


def test_who_may_not_view_an_object_reads_its_key(user, image):
    request = RequestFactory().get("/")
    request.user = User.objects.create_user("staff", is_staff=True)
    [use] = uses_of([image], request, admin.site)[image.pk].shown
    assert (use.model, use.name, use.url) == (user._meta.verbose_name, str(user.pk), "")


def test_some_are_named_and_all_are_counted(image, acme, admin_user, django_assert_num_queries):
    banners = models.Banner(name="B", photo=image), models.Banner(name="C", photo=None)
    models.Banner.objects.bulk_create([banners[0]] * 60 + [banners[1]])
    request = RequestFactory().get("/")
    request.user = admin_user
    [second] = fake_images(acme, 1)
    USERS["poster"](second)
    ContentType.objects.get_for_model(Image)
    # One for the relations and for each of eight references, and one for each model found.
    with django_assert_num_queries(11):
        uses = uses_of([image, second], request, admin.site)
    assert (len(uses[image.pk].shown), uses[image.pk].number) == (50, 60)
    assert uses[second.pk].number == 1


def test_a_reference_that_was_cleared_is_no_use(image):
    models.Banner.objects.create(name="Empty", photo=None)
    assert list(Image.objects.unused()) == [image]


def test_a_generic_foreign_key_to_another_object_with_the_same_key_is_no_use(image, acme):
    kind = ContentType.objects.get_for_model(acme)
    models.Favourite.objects.create(name="x", content_type=kind, object_id=image.pk)
    models.Comment.objects.create(name="x", about_type=kind, about_id=str(image.pk))
    assert list(Image.objects.unused()) == [image]


class TestTheApi:
    def test_says_what_protects_an_image(self, client, image, other, acme):
        USERS["poster"](image)
        models.Poster.objects.create(name="Ours", photo=image, organization=acme)
        models.Poster.objects.create(name="Theirs", photo=image, organization=other)
        answer = send(client, "DELETE", f"images/{image.pk}/", None)
        assert answer.status_code == 409
        detail = f"Nothing was deleted because image {image.pk} is in use: 3 posters (Ours)."
        assert answer.json()["detail"] == detail

    def test_says_which_of_many_are_protected_and_deletes_none(self, client, image, unused):
        USERS["poster"](image)
        answer = post(client, "bulk-delete/", {"ids": [unused.pk, image.pk]})
        assert answer.status_code == 409
        assert f"image {image.pk} is in use: 1 poster." in answer.json()["detail"]
        assert Image.objects.count() == 2


def _changelist(admin_client) -> list[Image]:
    return list(admin_client.get(LIST).context["cl"].result_list)
