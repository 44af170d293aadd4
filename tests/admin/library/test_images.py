from __future__ import annotations

import re

import pytest
from django.contrib import admin

from contacts.models import Contact
from django_polyimages.admin import ImageAdmin
from django_polyimages.models import Image
from tests.admin.conftest import LIST
from tests.builders import uploaded
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db


def test_no_page_has_scripts_or_styles_in_it(admin_client, image, contact):
    contact.images.attach(image)
    action = {"action": "regenerate_versions", "_selected_action": image.pk}
    pages = [
        admin_client.get(LIST),
        admin_client.get(f"{LIST}add/"),
        admin_client.get(f"{LIST}{image.pk}/change/"),
        admin_client.get(f"{LIST}{image.pk}/delete/"),
        admin_client.post(LIST, action),
    ]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert "polyimages/admin.css" in html
        assert not re.search(r"<[^>]* (on\w+|style)=", html)
        assert not re.search(r"<script(?![^>]* src=)(?![^>]* type=\"application/json\")", html)


class TestTheChangePage:
    @pytest.fixture
    def url(self, image):
        return f"{LIST}{image.pk}/change/"

    def test_shows_the_picture_by_its_versions(self, admin_client, image, url):
        html = admin_client.get(url).content.decode()
        assert f'src="{image.versions["lg"].url}"' in html
        assert f'href="{image.url}"' in html
        assert image.sha256 in html

    def test_shows_the_original_while_there_is_no_version(self, admin_client, image, url):
        Image.objects.update(versions={}, status="failed", failure_reason="OSError")
        html = admin_client.get(url).content.decode()
        assert f'<img src="{image.url}" width="400" height="300"' in html
        assert "failed: OSError" in html
        assert html.count(">missing<") == 4

    def test_costs_the_same_however_much_uses_the_image(
        self, admin_client, image, url, acme, monkeypatch, django_assert_max_num_queries
    ):
        contacts = [a_contact(acme, number) for number in range(2)]
        for one in contacts:
            one.images.attach(image)
        with django_assert_max_num_queries(30) as few, storage_calls(monkeypatch) as calls:
            admin_client.get(url)
        for number in range(2, 8):
            a_contact(acme, number).images.attach(image)
        with django_assert_max_num_queries(len(few)):
            admin_client.get(url)
        assert calls == []

    def test_can_only_be_looked_at_by_some(self, viewer, image, url, contact):
        contact.images.attach(image)
        html = viewer.get(url).content.decode()
        assert image.sha256 in html
        assert f"contact {contact.pk}" in html
        assert "Ada" not in html
        assert "/admin/contacts/contact/" not in html  # the user may not view contacts
        assert 'name="title"' not in html
        assert 'name="focal_x"' not in html
        assert "polyimages-regenerate-one" not in html
        assert viewer.post(url, {"title": "T"}).status_code == 403
        assert viewer.get(f"{LIST}add/").status_code == 403


class TestTheList:
    def test_costs_the_same_however_many_images(
        self, admin_client, acme, contact, monkeypatch, django_assert_max_num_queries
    ):
        contact.images.attach(uploaded(acme))
        with django_assert_max_num_queries(20) as few, storage_calls(monkeypatch) as calls:
            admin_client.get(LIST)
        assert calls == []
        for _number in range(3):
            contact.images.attach(uploaded(acme))
        with django_assert_max_num_queries(len(few)):
            admin_client.get(LIST)


class TestADeletion:
    def test_says_what_uses_the_image(self, admin_client, image, contact, product):
        contact.images.attach(image, is_cover=True, custom_title="Gate")
        product.images.attach(image)
        select = {"action": "delete_selected", "_selected_action": image.pk}
        for page in (
            admin_client.get(f"{LIST}{image.pk}/delete/"),
            admin_client.post(LIST, select),
        ):
            html = page.content.decode()
            ada = f'<a href="/admin/contacts/contact/{contact.pk}/change/">Ada</a>'
            lamp = f'<a href="/admin/catalog/product/{product.pk}/change/">Lamp</a>'
            assert f"<li>Used by: contact {ada} (cover), product {lamp}" in html
            assert "Image use: " not in html
            assert "Image uses: 2" in html

    def test_of_an_unused_image_names_only_the_image(self, admin_client, image):
        html = admin_client.get(f"{LIST}{image.pk}/delete/").content.decode()
        assert "Used by" not in html
        assert f"/admin/polyimages/image/{image.pk}/change/" in html

    def test_by_the_action_removes_files_too(
        self, admin_client, image, django_capture_on_commit_callbacks, files
    ):
        data = {"action": "delete_selected", "_selected_action": image.pk, "post": "yes"}
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(LIST, data)
        assert not Image.objects.exists()
        assert not any(files.exists(key) for key in image.keys)


def test_a_host_can_name_the_fields_itself(admin_client, image, monkeypatch):
    monkeypatch.setattr(ImageAdmin, "fields", ["title"])
    url = f"{LIST}{image.pk}/change/"
    assert 'name="alt_text"' not in admin_client.get(url).content.decode()
    assert admin_client.post(url, {"title": "Gate"}).status_code == 302
    image.refresh_from_db()
    assert image.title == "Gate"


def a_contact(organization, number):
    return Contact.objects.create(organization=organization, name=f"Contact {number}")


class TestOptionsOfASubclass:
    """What a host sets on a subclass means what Django says of it, in both forms."""

    @pytest.fixture
    def own(self, monkeypatch):
        def use(**attributes: object) -> None:
            subclass = type("OwnAdmin", (ImageAdmin,), attributes)
            monkeypatch.setattr(admin.site._registry[Image], "__class__", subclass)

        return use

    def fields_on(self, client, path: str) -> set[str]:
        response = client.get(f"{LIST}{path}")
        assert response.status_code == 200
        form = response.content.decode().partition('id="image_form"')[2].partition("</form>")[0]
        names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', form))
        return {name for name in names if not name.startswith(("_", "csrf"))}

    @pytest.mark.parametrize(
        ("options", "adding", "changing"),
        [
            (
                {"exclude": ["description", "title"]},
                {"upload", "alt_text", "organization"},
                {"alt_text", "focal_x", "focal_y"},
            ),
            (
                {"exclude": ["focal_x", "focal_y", "upload"]},
                {"upload", "title", "alt_text", "description", "organization"},
                {"title", "alt_text", "description"},
            ),
            (
                {
                    "fields": [
                        "picture",
                        ("focal_x", "focal_y"),
                        ("upload", "title"),
                        "organization",
                    ]
                },
                {"upload", "title", "organization"},
                {"focal_x", "focal_y", "title"},
            ),
            (
                {"fieldsets": [("Texts", {"fields": ["title", "organization"]})]},
                {"upload", "title", "organization"},
                {"title"},
            ),
        ],
    )
    def test_choose_the_fields(self, admin_client, acme, image, own, options, adding, changing):
        own(**options)
        assert self.fields_on(admin_client, "add/") == adding
        assert self.fields_on(admin_client, f"{image.pk}/change/") == changing
        data = {"upload": upload_of(photo()), "organization": acme.pk}
        assert admin_client.post(f"{LIST}add/", data).status_code == 302
