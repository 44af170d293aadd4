"""The images of a contact in the admin, as the browser sends them with and without scripts."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import InMemoryStorage
from django.test import Client

from contacts.admin import ContactAdmin
from contacts.models import Contact
from django_polyimages.admin import ImageAdmin
from django_polyimages.admin.inline.formsets import ImageFormSet
from django_polyimages.models import Image, PolymorphicImageRelation
from organizations.models import Membership
from tests.drawing import photo, upload_of
from tests.helpers import storage_calls, stored_keys

pytestmark = pytest.mark.django_db
PREFIX = "polyimages-polymorphicimagerelation-content_type-object_id"


def upload(organization, title: str) -> Image:
    return Image.objects.upload(upload_of(photo()), organization=organization, title=title)


@pytest.fixture
def dawn(acme) -> Image:
    return upload(acme, "Dawn")


@pytest.fixture
def noon(acme) -> Image:
    return upload(acme, "Noon")


def url_of(contact: Contact) -> str:
    return f"/admin/contacts/contact/{contact.pk}/change/"


def form_of(contact: Contact, *new: dict, changes: dict | None = None, **fields) -> dict:
    """What the browser would send: what there is, ``changes`` by image, ``new`` rows."""
    relations = list(contact.images.all()) if contact.pk else []
    data = {
        "organization": contact.organization_id,
        "name": contact.name,
        f"{PREFIX}-TOTAL_FORMS": len(relations) + len(new),
        f"{PREFIX}-INITIAL_FORMS": len(relations),
    }
    for number, relation in enumerate(relations):
        row = {
            "id": relation.pk,
            "order": "" if relation.order is None else relation.order,
            "custom_alt_text": relation.custom_alt_text,
        }
        row |= {"is_cover": "on"} if relation.is_cover else {}
        row |= (changes or {}).get(relation.image, {})
        data |= {f"{PREFIX}-{number}-{name}": value for name, value in row.items()}
    for number, row in enumerate(new, len(relations)):
        data |= {f"{PREFIX}-{number}-{name}": value for name, value in row.items()}
    return data | {f"{PREFIX}-{name}": value for name, value in fields.items()}


def save(client: Client, contact: Contact, *new, changes=None, **fields):
    return client.post(url_of(contact), form_of(contact, *new, changes=changes, **fields))


def errors_of(response) -> str:
    assert response.status_code == 200
    return re.sub(r"<[^>]+>|\s+", " ", response.content.decode())


def titles(contact: Contact) -> list[str]:
    return [relation.image.title for relation in contact.images.all()]


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

    def test_costs_the_same_for_any_number_and_no_storage_call(
        self, admin_client, contact, acme, monkeypatch, django_assert_max_num_queries
    ):
        def queries() -> int:
            with django_assert_max_num_queries(30) as captured:
                assert admin_client.get(url_of(contact)).status_code == 200
            return len(captured)

        contact.images.attach(upload(acme, "0"))
        queries()
        one = queries()
        for number in range(4):
            contact.images.attach(upload(acme, str(number)))
        with storage_calls(monkeypatch) as calls:
            assert queries() == one
        assert calls == []

    def test_who_may_only_look_gets_pictures_and_no_fields(self, contact, dawn, db):
        contact.images.attach(dawn, is_cover=True)
        user = User.objects.create_user("looker", is_staff=True)
        codenames = ["view_contact", "view_polymorphicimagerelation"]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
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

    def test_the_library_knows_the_organization(self, admin_client, contact, acme):
        page = admin_client.get(url_of(contact)).content.decode()
        assert 'data-url="/admin/polyimages/image/library/"' in page
        assert f'data-organization="{acme.pk}"' in page
        assert 'data-organization-input="id_organization"' in page


class TestSaving:
    def test_several_files_at_once(self, admin_client, admin_user, contact, acme):
        files = [upload_of(photo(), "a.jpg"), upload_of(photo(), "b.jpg")]
        assert save(admin_client, contact, uploads=files).status_code == 302
        assert titles(contact) == ["a.jpg", "b.jpg"]
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
        assert titles(contact) == ["c.jpg", "Noon", "Dawn"]
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
        assert titles(contact) == ["Noon", "Dawn"]
        assert contact.images.cover().image == noon
        assert contact.images.get(image=dawn).alt_text == "Sun"

    def test_removing_keeps_the_image(self, admin_client, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        contact.images.attach(noon)
        changes = {dawn: {"DELETE": "on"}, noon: {"is_cover": "on"}}
        assert save(admin_client, contact, changes=changes).status_code == 302
        assert titles(contact) == ["Noon"]
        assert Image.objects.filter(pk=dawn.pk).exists()

    def test_on_a_new_object(self, admin_client, acme, dawn):
        contact = Contact(organization=acme, name="Grace")
        data = form_of(contact, {"image": dawn.pk}, uploads=[upload_of(photo(), "a.jpg")])
        assert admin_client.post("/admin/contacts/contact/add/", data).status_code == 302
        assert titles(Contact.objects.get()) == ["Dawn", "a.jpg"]

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
        assert titles(contact) == ["Dawn"]
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
        assert (titles(copy), titles(contact)) == (["Dawn"], ["Dawn"])
        assert copy.images.cover().alt_text == "Sun"


class TestRefusal:
    def test_a_file_that_is_no_image_is_named_and_nothing_is_stored(self, admin_client, contact):
        files = [upload_of(photo(), "a.jpg"), upload_of(b"text", "b.jpg")]
        text = errors_of(save(admin_client, contact, uploads=files))
        assert "b.jpg: Unsupported image format" in text
        assert "please choose again: a.jpg, b.jpg" in text
        assert stored_keys() == []

    def test_a_damaged_file_in_a_row(self, admin_client, contact):
        text = errors_of(save(admin_client, contact, {"upload": upload_of(photo()[:-2000])}))
        assert "damaged" in text
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
        assert titles(contact) == []

    def test_one_image_twice(self, admin_client, contact, dawn):
        contact.images.attach(dawn)
        text = errors_of(save(admin_client, contact, {"image": dawn.pk}))
        assert "An image can be attached only once." in text

    def test_a_row_with_neither_file_nor_image_and_one_with_both(self, admin_client, contact, dawn):
        text = errors_of(save(admin_client, contact, {"custom_alt_text": "x"}))
        assert "Choose either a file or an image of the library." in text
        both = {"image": dawn.pk, "upload": upload_of(photo())}
        assert "Choose either a file or" in errors_of(save(admin_client, contact, both))

    def test_an_image_of_another_organization(self, admin_client, contact, other):
        stranger = upload(other, "Stranger")
        text = errors_of(save(admin_client, contact, {"image": stranger.pk}))
        assert "Of another organization: Stranger." in text
        assert titles(contact) == []

    def test_an_image_of_another_organization_that_is_there_does_not_stand_in_the_way(
        self, admin_client, contact, other
    ):
        contact.images.attach(upload(other, "Stranger"))
        contact.name = "Countess"
        assert save(admin_client, contact).status_code == 302
        assert Contact.objects.get().name == "Countess"

    def test_an_object_cannot_move_to_another_organization_with_its_images(
        self, admin_client, contact, dawn, other
    ):
        contact.images.attach(dawn)
        contact.organization = other
        assert "Of another organization: Dawn." in errors_of(save(admin_client, contact))

    def test_an_image_that_is_not_there(self, admin_client, contact):
        assert "valid choice" in errors_of(save(admin_client, contact, {"image": 4711}))

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
        assert "“b.jpg” was not added: The storage does not answer" in page
        contact.refresh_from_db()
        assert contact.name == "Countess"
        assert titles(contact) == ["a.jpg"]

    def test_more_files_than_allowed_in_rows(self, admin_client, contact, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"MAX_FILES": 2}
        rows = [{"upload": upload_of(photo())} for _ in range(2)]
        text = errors_of(save(admin_client, contact, *rows, uploads=[upload_of(photo())]))
        assert "Too many files: 3, allowed are 2." in text

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
        assert "“Dawn” was not added: This image does not exist any more." in page
        assert titles(contact) == []


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
        assert "object&#x27;s organization, and it has none yet" in text
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
        stranger = upload(other, "Stranger")
        assert "Stranger" in errors_of(save(admin_client, contact, {"image": stranger.pk}))


class TestPermissions:
    @staticmethod
    def client_of(*codenames: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        names = ["change_contact", *codenames]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client = Client()
        client.force_login(user)
        return client

    def test_who_may_not_add_cannot_smuggle_images_in(self, contact, dawn, noon):
        contact.images.attach(dawn)
        client = self.client_of("change_polymorphicimagerelation", "view_image", "add_image")
        rows = [{"image": noon.pk}, {"upload": upload_of(photo())}]
        save(client, contact, *rows, uploads=[upload_of(photo())])
        assert titles(contact) == ["Dawn"]
        assert Image.objects.count() == 2

    def test_who_may_not_change_arranges_nothing(self, contact, dawn, noon):
        contact.images.attach(dawn, is_cover=True)
        client = self.client_of(
            "view_polymorphicimagerelation", "add_polymorphicimagerelation", "view_image"
        )
        changes = {dawn: {"custom_alt_text": "x", "order": 9, "DELETE": "on"}}
        save(client, contact, {"image": noon.pk, "order": 0}, changes=changes)
        assert titles(contact) == ["Dawn", "Noon"]
        assert contact.images.first().custom_alt_text == ""

    def test_who_may_not_add_images_cannot_upload(self, contact, dawn):
        client = self.client_of("add_polymorphicimagerelation", "view_image")
        assert "-uploads" not in client.get(url_of(contact)).content.decode()
        save(client, contact, {"image": dawn.pk}, uploads=[upload_of(photo())])
        assert titles(contact) == ["Dawn"]
        assert Image.objects.get() == dawn

    def test_who_may_not_see_images_learns_nothing_of_them(self, contact, dawn):
        client = self.client_of("add_polymorphicimagerelation")
        response = save(client, contact, {"image": dawn.pk})
        assert "valid choice" in errors_of(response)
        assert "Dawn" not in response.content.decode()
