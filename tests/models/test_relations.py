from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import fake_images, uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Contact, Product])
class TestDeletion:
    @pytest.fixture
    def obj(self, model, acme):
        """An object whose relations have to go; one of the other model has the same image."""
        [image] = fake_images(acme, 1)
        for kind in (Contact, Product):
            kind.objects.create(organization=acme, name="x").images.attach(image, is_cover=True)
        kept = Contact if model is Product else Product
        yield model.objects.get()
        if Organization.objects.exists():
            assert [one.content_object for one in Relation.objects.all()] == [kept.objects.get()]
            assert Image.objects.exists()

    def test_of_an_object(self, obj):
        obj.delete()

    def test_of_a_queryset(self, obj):
        type(obj).objects.all().delete()

    def test_of_what_a_filter_by_images_finds(self, obj):
        assert type(obj).objects.filter(images__is_cover=True).delete()[0] == 2

    def test_of_what_has_a_cover(self, obj):
        assert type(obj).objects.with_cover().delete()[0] == 2

    def test_of_the_organization(self, obj, acme):
        acme.delete()
        assert not Relation.objects.exists()
        assert not Image.objects.exists()


class TestConstraints:
    def test_the_database_refuses_a_second_relation(self, image, contact):
        contact.images.attach(image)
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(image=image, content_object=contact)

    @pytest.mark.skipif(
        not connection.features.supports_partial_indexes,
        reason="MySQL and MariaDB have no conditional unique constraints; the verbs lock",
    )
    def test_the_database_refuses_a_second_cover(self, acme, contact):
        first, second = fake_images(acme, 2)
        contact.images.attach(first, is_cover=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(image=second, content_object=contact, is_cover=True)


class TestTexts:
    def test_texts_are_the_override_or_the_image_s_own(self, acme, contact):
        image = uploaded(acme, title="Own", alt_text="own alt", description="own words")
        relation = contact.images.attach(image)
        assert (relation.title, relation.alt_text, relation.description) == (
            "Own", "own alt", "own words",
        )  # fmt: skip
        relation = contact.images.attach(
            image, custom_title="T", custom_alt_text="A", custom_description="D"
        )
        assert (relation.title, relation.alt_text, relation.description) == ("T", "A", "D")
        assert str(relation) == "T"


@pytest.mark.django_db(transaction=True)
class TestDeletionOfHosts:
    def test_of_a_host_removes_its_relations_and_keeps_the_image(self, image, contact, product):
        contact.images.attach(image)
        product.images.attach(image)
        Contact.objects.all().delete()
        assert [relation.content_object for relation in Relation.objects.all()] == [product]
        product.delete()
        assert not Relation.objects.exists()
        assert len(stored_keys()) == 5

    def test_of_a_content_type_takes_relations_and_keeps_images(self, image, contact):
        contact.images.attach(image)
        ContentType.objects.get_for_model(Contact).delete()
        ContentType.objects.clear_cache()
        assert not Relation.objects.exists()
        assert Image.objects.exists()
