from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InMemoryStorage
from django.db import connection, transaction

from contacts.models import Contact
from django_polyimages import InvalidImage, StorageUnavailable
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import images_of
from tests.drawing import photo, upload_of
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


def file(content: bytes | None = None):
    return upload_of(photo() if content is None else content)


class TestAttachFile:
    def test_is_uploaded_for_the_object_s_organization(self, contact, acme, editor):
        relation = contact.images.attach(file(), creator=editor, custom_title="Here", is_cover=True)
        image = Image.objects.get()
        assert relation.image == image
        assert (image.organization, image.creator, image.title) == (acme, editor, "photo.jpg")
        assert (relation.title, relation.is_cover) == ("Here", True)
        assert stored_keys() == sorted(image.keys)

    def test_each_verb_that_attaches_takes_one(self, product, editor):
        _relation, created = product.images.attach_or_update(file(), creator=editor)
        assert created
        cover = product.images.set_cover(file(), creator=editor)
        assert product.images.cover() == cover
        assert [image.creator for image in images_of(product)] == [editor, editor]

    @pytest.mark.django_db(transaction=True)
    def test_the_storage_is_not_asked_while_the_object_is_locked(self, contact, monkeypatch):
        real, inside = InMemoryStorage._save, []

        def save(self, name, content):
            inside.append(connection.in_atomic_block)
            return real(self, name, content)

        monkeypatch.setattr(InMemoryStorage, "_save", save)
        contact.images.attach(file())
        assert inside == [False] * 5

    @pytest.mark.django_db(transaction=True)
    def test_what_cannot_be_attached_leaves_nothing(self, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.attach(file())
        with pytest.raises(TypeError, match="colour"):
            Contact.objects.create(organization=contact.organization, name="x").images.attach(
                file(), colour="red"
            )
        assert not Image.objects.exists()
        assert not FileDeletion.objects.exists()
        assert stored_keys() == []

    @pytest.mark.django_db(transaction=True)
    def test_nor_within_the_caller_s_transaction(self, contact):
        Contact.objects.filter(pk=contact.pk).delete()
        with transaction.atomic():
            with pytest.raises(Contact.DoesNotExist):
                contact.images.attach(file())
            Contact.objects.create(organization=contact.organization, name="goes on")
        assert not Image.objects.exists()
        assert stored_keys() == []
        assert Contact.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_an_error_that_ends_the_caller_s_transaction_is_the_one_raised(self, contact):
        with pytest.raises(TypeError, match="colour"), transaction.atomic():
            contact.images.attach(file(), colour="red")
        assert not Image.objects.exists()
        assert stored_keys() == []

    def test_nothing_is_uploaded_for_an_object_not_saved(self, acme):
        with pytest.raises(ValueError, match="Save the Contact before"):
            Contact(organization=acme, name="new").images.attach(file())
        assert stored_keys() == []

    def test_a_refused_file_attaches_nothing(self, contact, monkeypatch):
        with pytest.raises(InvalidImage):
            contact.images.attach(file(b"text"))
        monkeypatch.setattr(InMemoryStorage, "_save", lambda *args: 1 / 0)
        with pytest.raises(StorageUnavailable):
            contact.images.attach(file())
        assert not Relation.objects.exists()

    def test_a_model_without_a_path_is_told(self, contact, monkeypatch):
        monkeypatch.setattr(Contact, "image_organization_path", None)
        with pytest.raises(ImproperlyConfigured, match="Contact has no image_organization_path"):
            contact.images.attach(file())
        assert stored_keys() == []

    @pytest.mark.django_db(transaction=True, databases=["default", "other"])
    def test_of_an_object_in_another_database_is_uploaded_there(self):
        there = Organization.objects.using("other").create(name="There", slug="there")
        contact = Contact.objects.using("other").create(organization=there, name="Ada")
        image = contact.images.attach(file()).image
        assert Image.objects.using("other").get() == image
        assert not Image.objects.using("default").exists()
        Contact.objects.using("other").filter(pk=contact.pk).delete()
        with pytest.raises(Contact.DoesNotExist):
            contact.images.attach(file())
        assert Image.objects.using("other").get() == image
