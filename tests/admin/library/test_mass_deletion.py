"""The action that deletes many images from the list."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.db.models import PROTECT

from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.library import mass_deletion
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from tests.admin.conftest import LIST
from tests.builders import fake_images, staff_with

pytestmark = pytest.mark.django_db
EARLIEST = "0001-01-01T00:00:00+14:00"  # there is no such moment in UTC


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(mass_deletion, "MOST_LOADED", 3)
    monkeypatch.setattr(mass_deletion, "MOST_NAMED", 2)
    monkeypatch.setattr(mass_deletion, "BATCH", 2)


def across(images: list[Image]) -> dict[str, object]:
    """What the list sends when everything on all pages is selected."""
    chosen = {"action": "delete_selected", "_selected_action": images[0].pk}
    return chosen | {"select_across": "1"}


def confirmed(page: str) -> dict[str, object]:
    """What the form on the page sends."""
    fields: dict[str, object] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page):
        if name != "csrfmiddlewaretoken":
            fields[name] = [*fields.get(name, []), value]  # type: ignore[misc]
    return fields


def asked(client, data: dict[str, object], query: str = "") -> str:
    return client.post(f"{LIST}{query}", data).content.decode()


def test_many_are_counted_and_some_are_named(admin_client, acme, contact):
    images = fake_images(acme, 5)
    contact.images.attach_many(images[:2])
    page = asked(admin_client, across(images))
    assert "Delete 5 images and their files?" in page
    assert "Image uses: 2" in page
    assert page.count("Image: ") == 2
    assert "and 3 more" in page
    assert page.count('name="_selected_action"') == 1


def test_they_are_deleted_with_their_files_and_only_those_that_were_meant(
    admin_client, acme, other, django_assert_max_num_queries
):
    images = fake_images(acme, 7)
    kept = fake_images(other, 1)
    query = f"?organization__id__exact={acme.pk}"
    fields = confirmed(asked(admin_client, across(images), query))
    kept += fake_images(acme, 1)  # after the question
    response = admin_client.post(f"{LIST}{query}", fields, follow=True)
    assert "7 images were deleted." in response.content.decode()
    assert sorted(image.pk for image in Image.objects.all()) == [image.pk for image in kept]
    assert FileDeletion.objects.count() == 7


def test_selected_ones_on_one_page(admin_client, acme):
    images = fake_images(acme, 6)
    keys = [image.pk for image in images[:5]]
    data = {"action": "delete_selected", "_selected_action": keys, "select_across": "0"}
    admin_client.post(LIST, confirmed(asked(admin_client, data)))
    assert list(Image.objects.all()) == images[5:]


def test_what_takes_too_long_goes_on_with_the_next_request(admin_client, acme, monkeypatch):
    images = fake_images(acme, 5)
    fields = confirmed(asked(admin_client, across(images)))
    moments = iter([0, 1, 100, 200, 201, 202, 203, 204])
    monkeypatch.setattr(mass_deletion.time, "monotonic", lambda: next(moments))
    page = asked(admin_client, fields)
    assert "2 images were deleted. 3 images are left. Continue below." in page
    assert "Delete 3 images and their files?" in page
    response = admin_client.post(LIST, confirmed(page), follow=True)
    assert "3 images were deleted." in response.content.decode()
    assert not Image.objects.exists()


def test_a_few_are_deleted_as_django_does(admin_client, acme):
    images = fake_images(acme, 3)
    page = asked(admin_client, across(images))
    assert "Are you sure you want to delete the selected images?" in page
    assert 'name="until"' not in page
    admin_client.post(LIST, confirmed(page))
    assert not Image.objects.exists()


class TestProtected:
    @pytest.fixture(autouse=True)
    def protecting(self, monkeypatch):
        """Relations stand for a model of the host that protects images."""
        monkeypatch.setattr(Relation._meta.get_field("image").remote_field, "on_delete", PROTECT)

    def test_images_are_not_deleted(self, admin_client, acme, contact):
        images = fake_images(acme, 5)
        contact.images.attach(images[4])
        page = asked(admin_client, across(images))
        assert "cannot be deleted because these objects use them" in page
        assert "1 image use" in page
        assert 'type="submit" value="Delete' not in page

    def test_since_the_question_images_end_the_deletion(self, admin_client, acme, contact):
        images = fake_images(acme, 5)
        fields = confirmed(asked(admin_client, across(images)))
        contact.images.attach(images[2])
        response = admin_client.post(LIST, fields, follow=True)
        html = response.content.decode()
        assert "2 images were deleted. The others were kept" in html
        assert "some of them are in use: image uses." in html
        assert list(Image.objects.order_by("pk")) == images[2:]


def test_it_needs_the_permission(acme):
    images = fake_images(acme, 5)
    client = staff_with("view_image", "change_image")
    client.post(LIST, across(images) | {"until": "2090-01-01T00:00:00+00:00"})
    assert Image.objects.count() == 5


def test_and_those_for_what_is_deleted_with_the_images(acme, contact, monkeypatch):
    """Also of a request that does not come from the page, which says so and has no button."""
    site = admin.site
    monkeypatch.setitem(site._registry, Relation, admin.ModelAdmin(Relation, site))
    images = fake_images(acme, 2)
    contact.images.attach(images[0])
    client = staff_with("view_image", "delete_image", "view_polymorphicimagerelation")
    data = {"action": "delete_selected", "_selected_action": images[0].pk}
    sent = client.post(LIST, data | {"until": "2090-01-01T00:00:00+00:00"})
    assert sent.status_code == 403
    assert Image.objects.count() == 2
    data["_selected_action"] = images[1].pk
    client.post(LIST, data | {"until": "2090-01-01T00:00:00+00:00"})
    assert list(Image.objects.all()) == [images[0]]


@pytest.mark.parametrize("action", ["delete_selected", "regenerate_versions"])
def test_images_that_somebody_else_has_deleted_meanwhile(admin_client, acme, action):
    [image] = fake_images(acme, 1)
    data = {"action": action, "_selected_action": image.pk}
    image.delete()
    page = admin_client.post(LIST, data, follow=True).content.decode()
    assert "The selected images no longer exist." in page


def test_no_image_is_deleted_that_the_admin_protects(admin_client, acme, monkeypatch):
    images = fake_images(acme, 5)
    allowed = lambda self, request, obj=None: obj is None or obj.pk != images[3].pk  # noqa: E731
    monkeypatch.setattr(ImageAdmin, "has_delete_permission", allowed)
    fields = confirmed(asked(admin_client, across(images)))
    assert admin_client.post(LIST, fields).status_code == 403
    assert list(Image.objects.order_by("pk")) == images[2:]


@pytest.mark.parametrize(
    "until", ["", "x", "2026-02-30T00:00:00+00:00", "2026-02-03T00:00:00", EARLIEST]
)
def test_a_broken_form_deletes_nothing(admin_client, acme, until):
    images = fake_images(acme, 5)
    assert admin_client.post(LIST, across(images) | {"until": until}).status_code == 400
    assert Image.objects.count() == 5
