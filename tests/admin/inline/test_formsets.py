from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage

from contacts.admin import ContactAdmin
from contacts.models import Contact
from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.inline.formsets import ImageFormSet
from django_polyimages.models import Image, PolymorphicImageRelation
from organizations.models import Membership
from tests.admin.inline.sending import PREFIX, errors_of, form_of, save, url_of
from tests.builders import attached_to, staff_with, titles_of, uploaded
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


class TestSaving:
    def test_several_files_at_once(self, admin_client, admin_user, contact, acme):
        files = [upload_of(photo(), "a.jpg"), upload_of(photo(), "b.jpg")]
        assert save(admin_client, contact, uploads=files).status_code == 302
        assert titles_of(contact) == ["a.jpg", "b.jpg"]
        assert {image.organization for image in Image.objects.all()} == {acme}
        assert {image.creator for image in Image.objects.all()} == {admin_user}

    def test_rows_with_a_file_or_an_image_of_the_library(self, admin_client, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        response = save(
            admin_client,
            contact,
            {"upload": upload_of(photo(), "c.jpg"), "order": 0, "custom_alt_text": "New"},
            {"image": noon.pk, "order": 1, "is_cover": "on"},
            {},
            changes={dawn: {"order": 2, "is_cover": ""}},
        )
        assert response.status_code == 302
        assert titles_of(contact) == ["c.jpg", "Noon", "Dawn"]
        assert [one.is_cover for one in contact.images.all()] == [False, True, False]
        assert contact.images.first().alt_text == "New"

    def test_order_cover_and_texts(self, admin_client, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        contact.images.attach(noon)
        changes = {
            dawn: {"order": 7, "is_cover": "", "custom_alt_text": "Sun"},
            noon: {"order": 3, "is_cover": "on"},
        }
        assert save(admin_client, contact, changes=changes).status_code == 302
        assert titles_of(contact) == ["Noon", "Dawn"]
        assert contact.images.cover().image == noon
        assert contact.images.get(image=dawn).alt_text == "Sun"

    def test_removing_keeps_the_image(self, admin_client, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        contact.images.attach(noon)
        changes = {dawn: {"DELETE": "on"}, noon: {"is_cover": "on"}}
        assert save(admin_client, contact, changes=changes).status_code == 302
        assert titles_of(contact) == ["Noon"]
        assert Image.objects.filter(pk=dawn.pk).exists()

    def test_on_a_new_object(self, admin_client, acme, dawn):
        contact = Contact(organization=acme, name="Grace")
        data = form_of(contact, {"image": dawn.pk}, uploads=[upload_of(photo(), "a.jpg")])
        assert admin_client.post("/admin/contacts/contact/add/", data).status_code == 302
        assert titles_of(Contact.objects.get()) == ["Dawn", "a.jpg"]

    def test_nothing_changed_writes_nothing(
        self, admin_client, contact, dawn, django_assert_max_num_queries
    ):
        contact.images.attach(dawn)
        before = PolymorphicImageRelation.objects.values().get()
        with django_assert_max_num_queries(30) as captured:
            save(admin_client, contact)
        assert not any(
            "polymorphicimagerelation" in q["sql"] for q in captured if "UPDATE" in q["sql"]
        )
        assert PolymorphicImageRelation.objects.values().get() == before

    def test_the_history_tells_of_it(self, admin_client, contact, dawn, noon):
        contact.images.attach(dawn)
        save(admin_client, contact, {"image": noon.pk}, changes={dawn: {"custom_alt_text": "Sun"}})
        history = admin_client.get(f"/admin/contacts/contact/{contact.pk}/history/")
        assert "Noon" in history.content.decode()
        assert "Dawn" in history.content.decode()

    def test_what_somebody_else_detached_meanwhile_is_no_error(
        self, admin_client, contact, dawn, noon
    ):
        contact.images.attach(dawn)
        contact.images.attach(noon)
        data = form_of(contact, changes={dawn: {"custom_alt_text": "Sun", "order": 4}})
        contact.images.detach(noon)
        assert admin_client.post(url_of(contact), data).status_code == 302
        assert titles_of(contact) == ["Dawn"]
        assert contact.images.get().alt_text == "Sun"

    def test_what_somebody_else_detached_is_not_shown_again(
        self, admin_client, contact, dawn, noon
    ):
        contact.images.attach(dawn)
        contact.images.attach(noon)
        data = form_of(contact, uploads=[upload_of(b"text")])
        contact.images.detach(noon)
        page = admin_client.post(url_of(contact), data).content.decode()
        assert dawn.versions["thumb"].url in page
        assert noon.versions["thumb"].url not in page
        assert (
            admin_client.post(url_of(contact), data | {f"{PREFIX}-uploads": ""}).status_code == 302
        )

    def test_as_a_new_object_with_the_same_images(self, admin_client, contact, dawn, monkeypatch):
        monkeypatch.setattr(ContactAdmin, "save_as", True)
        contact.images.attach(dawn, is_cover=True, custom_alt_text="Sun")
        page = admin_client.get(url_of(contact)).content.decode()
        assert f'name="{PREFIX}-0-image" value="{dawn.pk}"' in page
        data = form_of(contact, changes={dawn: {"image": dawn.pk}}) | {"_saveasnew": "1"}
        assert admin_client.post(url_of(contact), data).status_code == 302
        copy = Contact.objects.exclude(pk=contact.pk).get()
        assert (titles_of(copy), titles_of(contact)) == (["Dawn"], ["Dawn"])
        assert copy.images.cover().alt_text == "Sun"


class TestRefusal:
    def test_a_file_that_is_no_image_is_named_and_nothing_is_stored(self, admin_client, contact):
        files = [upload_of(photo(), "a.jpg"), upload_of(b"text", "b.jpg")]
        text = errors_of(save(admin_client, contact, uploads=files))
        assert "b.jpg: Unsupported image format" in text
        assert "please choose again: a.jpg, b.jpg" in text
        assert stored_keys() == []

    def test_an_error_elsewhere_says_which_files_have_to_be_sent_again(self, admin_client, contact):
        contact.name = ""
        text = errors_of(save(admin_client, contact, {"upload": upload_of(photo(), "a.jpg")}))
        assert "please choose again: a.jpg" in text
        assert stored_keys() == []

    def test_two_covers(self, admin_client, contact, dawn, noon):
        rows = [{"image": image.pk, "is_cover": "on"} for image in (dawn, noon)]
        text = errors_of(save(admin_client, contact, *rows))
        assert "Only one image can be the cover." in text
        assert titles_of(contact) == []

    def test_one_image_twice(self, admin_client, contact, dawn):
        contact.images.attach(dawn)
        text = errors_of(save(admin_client, contact, {"image": dawn.pk}))
        assert "An image can be attached only once: Dawn." in text

    def test_an_image_of_another_organization(self, admin_client, contact, other):
        stranger = uploaded(other, title="Stranger")
        text = errors_of(save(admin_client, contact, {"image": stranger.pk}))
        assert "These images belong to another organization: Stranger." in text
        assert titles_of(contact) == []

    def test_an_image_of_another_organization_that_is_there_does_not_stand_in_the_way(
        self, admin_client, contact, other
    ):
        contact.images.attach(uploaded(other, title="Stranger"), allow_foreign=True)
        contact.name = "Countess"
        assert save(admin_client, contact).status_code == 302
        assert Contact.objects.get().name == "Countess"

    def test_an_object_cannot_move_to_another_organization_with_its_images(
        self, admin_client, contact, dawn, other
    ):
        contact.images.attach(dawn)
        contact.organization = other
        assert "These images belong to another organization: Dawn." in errors_of(
            save(admin_client, contact)
        )

    @pytest.mark.parametrize(
        "permissions",
        [
            [],
            ["view_polymorphicimagerelation"],
            ["add_polymorphicimagerelation"],
            ["delete_polymorphicimagerelation"],
        ],
    )
    @pytest.mark.parametrize("sent", ["all", "nothing"])
    def test_nor_by_staff_who_may_not_change_its_images(
        self, contact, acme, dawn, other, permissions, sent
    ):
        contact.images.attach(dawn)
        client = staff_with("change_contact", *permissions)
        data = form_of(contact) | {"organization": other.pk}
        if sent == "nothing":
            data = {key: value for key, value in data.items() if not key.startswith(PREFIX)}
            data |= {f"{PREFIX}-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
        text = errors_of(client.post(url_of(contact), data))
        assert "another organization" in text
        assert ("Dawn" in text) == ("view_polymorphicimagerelation" in permissions)
        assert Contact.objects.get().organization == acme

    def test_staff_without_rights_on_images_can_save_all_else(self, contact, dawn, other):
        contact.images.attach(dawn)
        client = staff_with("change_contact")
        page = client.get(url_of(contact)).content.decode()
        assert "polyimages-inline" not in page.split("</head>")[1]
        data = {"organization": contact.organization_id, "name": "Countess"}
        assert client.post(url_of(contact), data).status_code == 302
        assert Contact.objects.get().name == "Countess"
        contact.images.detach(dawn)
        assert client.post(url_of(contact), data | {"organization": other.pk}).status_code == 302
        assert Contact.objects.get().organization == other

    def test_it_can_move_if_they_are_removed_with_the_same_click(
        self, admin_client, contact, dawn, other
    ):
        contact.images.attach(dawn)
        contact.organization = other
        assert save(admin_client, contact, changes={dawn: {"DELETE": "on"}}).status_code == 302
        assert titles_of(Contact.objects.get(organization=other)) == []

    def test_too_many_images(self, admin_client, contact, dawn, noon, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_IMAGES_PER_OBJECT": 1}
        contact.images.attach(dawn)
        for new in ({"image": noon.pk}, {"upload": upload_of(photo())}):
            assert "at most 1 image." in errors_of(save(admin_client, contact, new))
        changes = {dawn: {"DELETE": "on"}}
        assert save(admin_client, contact, {"image": noon.pk}, changes=changes).status_code == 302
        assert titles_of(contact) == ["Noon"]

    def test_an_image_that_the_library_does_not_show_this_user(
        self, admin_client, contact, dawn, noon, monkeypatch
    ):
        real = ImageAdmin.get_queryset
        monkeypatch.setattr(
            ImageAdmin, "get_queryset", lambda *args: real(*args).exclude(title="Dawn")
        )
        assert "valid choice" in errors_of(save(admin_client, contact, {"image": dawn.pk}))
        assert save(admin_client, contact, {"image": noon.pk}).status_code == 302

    def test_a_storage_that_fails_loses_that_file_and_nothing_else(
        self, admin_client, contact, monkeypatch
    ):
        real = InMemoryStorage._save

        def fail(self, name, content):
            if "_" not in name.removeprefix("images/img_") and len(stored_keys()) >= 5:
                raise ConnectionResetError
            return real(self, name, content)

        monkeypatch.setattr(InMemoryStorage, "_save", fail)
        contact.name = "Countess"
        files = [upload_of(photo(), "a.jpg"), upload_of(photo(), "b.jpg")]
        response = save(admin_client, contact, uploads=files)
        assert response.status_code == 302
        page = admin_client.get(response.url).content.decode()
        assert "“b.jpg” was not added: The storage is not responding" in page
        contact.refresh_from_db()
        assert contact.name == "Countess"
        assert titles_of(contact) == ["a.jpg"]

    def test_more_files_than_allowed_in_rows(self, admin_client, contact, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
        rows = [{"upload": upload_of(photo())} for _ in range(2)]
        text = errors_of(save(admin_client, contact, *rows, uploads=[upload_of(photo())]))
        assert "Too many files: 3; the maximum is 2." in text

    def test_an_image_that_was_deleted_while_files_were_looked_at(
        self, admin_client, contact, dawn, monkeypatch
    ):
        real = ImageFormSet.save_new_objects

        def save_new_objects(formset, *args, **options):
            Image.objects.filter(pk=dawn.pk).delete()
            return real(formset, *args, **options)

        monkeypatch.setattr(ImageFormSet, "save_new_objects", save_new_objects)
        response = save(admin_client, contact, {"image": dawn.pk})
        page = admin_client.get(response.url).content.decode()
        assert "“Dawn” was not added: This image no longer exists." in page
        assert titles_of(contact) == []


class TestObjectsWithoutAnOrganization:
    """Their path leads over something that is not there, to many, or there is none."""

    @pytest.mark.parametrize("row", ["upload", "image", "uploads"])
    def test_an_organization_that_is_not_known_yet(self, admin_client, dawn, row):
        new = {"upload": upload_of(photo()), "image": dawn.pk, "uploads": upload_of(photo())}[row]
        data = form_of(Contact(name="Grace")) | {"organization": ""}
        data |= {
            f"{PREFIX}-{'' if row == 'uploads' else '0-'}{row}": new,
            f"{PREFIX}-TOTAL_FORMS": 1,
        }
        text = errors_of(admin_client.post("/admin/contacts/contact/add/", data))
        assert "This object has no organization yet" in text
        assert not Contact.objects.exists()

    @pytest.mark.parametrize("path", [None, "organization__memberships__organization"])
    def test_without_one_organization_nothing_is_uploaded(
        self, admin_client, contact, dawn, monkeypatch, path
    ):
        monkeypatch.setattr(Contact, "image_organization_path", path)
        page = admin_client.get(url_of(contact)).content.decode()
        assert "upload" not in re.findall(rf'name="{PREFIX}-(?:\d+-)?(\w+)"', page)
        save(admin_client, contact, {"upload": upload_of(photo())}, uploads=[upload_of(photo())])
        assert Image.objects.get() == dawn

    def test_of_many_organizations_any_may_be_picked_from(
        self, admin_client, contact, dawn, other, acme, monkeypatch
    ):
        path = "organization__memberships__organization"
        monkeypatch.setattr(Contact, "image_organization_path", path)
        user = User.objects.create_user("member")
        Membership.objects.create(user=user, organization=acme)
        assert save(admin_client, contact, {"image": dawn.pk}).status_code == 302
        stranger = uploaded(other, title="Stranger")
        assert "Stranger" in errors_of(save(admin_client, contact, {"image": stranger.pk}))


def test_who_may_change_and_not_add_puts_images_in_order(acme, contact, dawn, noon):
    contact.images.attach_many([dawn, noon])
    client = staff_with(
        "change_contact", "view_polymorphicimagerelation", "change_polymorphicimagerelation"
    )
    response = save(client, contact, changes={dawn: {"order": 1}, noon: {"order": 0}})
    assert response.status_code == 302
    assert attached_to(contact) == [noon, dawn]
