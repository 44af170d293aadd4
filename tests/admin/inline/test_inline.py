from __future__ import annotations

import pytest

from contacts.models import Contact
from django_polyimages.models import Image
from tests.admin.inline.sending import PREFIX, errors_of, save, url_of
from tests.builders import fake_images, staff_with, titles_of, uploaded
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls

pytestmark = pytest.mark.django_db


class TestPage:
    def test_shows_each_image_with_its_texts(self, admin_client, contact, dawn):
        contact.images.attach(dawn, is_cover=True, custom_alt_text="The pass")
        page = admin_client.get(url_of(contact)).content.decode()
        assert dawn.versions["thumb"].url in page
        assert f'href="/admin/polyimages/image/{dawn.pk}/change/"' in page
        assert 'value="The pass"' in page
        assert 'placeholder="Dawn"' in page
        assert f'name="{PREFIX}-uploads"' in page
        assert 'enctype="multipart/form-data"' in page

    def test_shows_the_name_of_a_file_as_words_like_the_library(self, admin_client, contact, acme):
        contact.images.attach(uploaded(acme, title="morning-walk_2.JPG"))
        page = admin_client.get(url_of(contact)).content.decode()
        assert 'data-title="morning walk 2"' in page
        assert ">morning walk 2</a></p>" in page

    def test_costs_the_same_for_any_number_and_no_storage_call(
        self, admin_client, contact, acme, monkeypatch, django_assert_max_num_queries
    ):
        def queries() -> int:
            with django_assert_max_num_queries(30) as captured:
                assert admin_client.get(url_of(contact)).status_code == 200
            return len(captured)

        contact.images.attach(uploaded(acme, title="0"))
        queries()
        one = queries()
        for number in range(4):
            contact.images.attach(uploaded(acme, title=str(number)))
        with storage_calls(monkeypatch) as calls:
            assert queries() == one
        assert calls == []

    def test_who_may_only_look_gets_pictures_and_no_fields(self, contact, dawn, db):
        contact.images.attach(dawn, is_cover=True)
        client = staff_with("view_contact", "view_polymorphicimagerelation")
        page = client.get(url_of(contact)).content.decode()
        assert dawn.versions["thumb"].url in page
        assert "-uploads" not in page
        assert "custom_alt_text" not in page
        assert "polyimages-library" not in page

    def test_without_a_path_to_an_organization_nothing_can_be_uploaded(
        self, admin_client, contact, monkeypatch
    ):
        monkeypatch.setattr(Contact, "image_organization_path", None)
        page = admin_client.get(url_of(contact)).content.decode()
        assert "-uploads" not in page
        assert "polyimages-library" in page


class TestDeletionOfTheObject:
    def test_its_page_costs_the_same_for_any_number(
        self, admin_client, contact, acme, django_assert_max_num_queries
    ):
        def queries() -> int:
            url = f"/admin/contacts/contact/{contact.pk}/delete/"
            with django_assert_max_num_queries(30) as captured:
                assert admin_client.get(url).status_code == 200
            return len(captured)

        images = fake_images(acme, 200)
        contact.images.attach(images[0])
        queries()
        one = queries()
        contact.images.attach_many(images)
        assert queries() == one


class TestPermissions:
    def test_who_may_not_add_cannot_smuggle_images_in(self, contact, dawn, noon):
        contact.images.attach(dawn)
        client = staff_with(
            "change_contact", "change_polymorphicimagerelation", "view_image", "add_image"
        )
        rows = [{"image": noon.pk}, {"upload": upload_of(photo())}]
        save(client, contact, *rows, uploads=[upload_of(photo())])
        assert titles_of(contact) == ["Dawn"]
        assert Image.objects.count() == 2

    def test_who_may_not_change_arranges_nothing(self, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        client = staff_with(
            "change_contact",
            "view_polymorphicimagerelation",
            "add_polymorphicimagerelation",
            "view_image",
        )
        changes = {dawn: {"custom_alt_text": "x", "order": 9, "DELETE": "on"}}
        save(client, contact, {"image": noon.pk, "order": 0}, changes=changes)
        assert titles_of(contact) == ["Dawn", "Noon"]
        assert contact.images.first().custom_alt_text == ""

    def test_who_may_not_add_images_cannot_upload(self, contact, dawn):
        client = staff_with("change_contact", "add_polymorphicimagerelation", "view_image")
        assert "-uploads" not in client.get(url_of(contact)).content.decode()
        save(client, contact, {"image": dawn.pk}, uploads=[upload_of(photo())])
        assert titles_of(contact) == ["Dawn"]
        assert Image.objects.get() == dawn

    def test_who_may_not_see_images_learns_nothing_of_them(self, contact, dawn):
        client = staff_with("change_contact", "add_polymorphicimagerelation")
        response = save(client, contact, {"image": dawn.pk})
        assert "valid choice" in errors_of(response)
        assert "Dawn" not in response.content.decode()
