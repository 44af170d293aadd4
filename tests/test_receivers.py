from __future__ import annotations

import pytest
from django.db import transaction

from contacts.models import Contact
from django_polyimages.models import FileDeletion, Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.receivers import delete_relations
from organizations.models import Organization
from tests.builders import fake_images, uploaded
from tests.helpers import stored_keys

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_of_an_image_takes_its_files_and_relations_after_the_commit(self, image, contact):
        contact.images.attach(image)
        with transaction.atomic():
            image.delete()
            assert len(stored_keys()) == 5
            assert FileDeletion.objects.count() == 1
        assert stored_keys() == []
        assert not FileDeletion.objects.exists()
        assert not Relation.objects.exists()

    def test_that_is_rolled_back_keeps_the_files(self, image):
        with pytest.raises(RuntimeError), transaction.atomic():
            image.delete()
            raise RuntimeError
        assert stored_keys() == sorted(Image.objects.get().keys)
        assert not FileDeletion.objects.exists()

    def test_of_an_organization_takes_all_files(self, acme):
        uploaded(acme)
        acme.delete()
        assert stored_keys() == []

    def test_of_a_deferred_row_still_knows_its_files(self, image):
        Image.objects.only("pk").get().delete()
        assert stored_keys() == []

    @pytest.mark.parametrize("began_with", ["object", "objects", "images"])
    def test_of_many_images_makes_as_many_queries_as_of_a_few(
        self, django_assert_max_num_queries, began_with
    ):
        numbers = []
        for number in (10, 30):
            organization = Organization.objects.create(name="x", slug=f"x{number}")
            images = fake_images(organization, number)
            origin = {
                "object": organization,
                "objects": Organization.objects.filter(slug__startswith="x"),
                "images": Image._base_manager.filter(organization=organization),
            }[began_with]
            with django_assert_max_num_queries(1000) as queries, transaction.atomic():
                origin.delete()
                assert sorted(one.keys for one in FileDeletion.objects.all()) == sorted(
                    image.keys for image in images
                )
            numbers.append(len(queries))
        assert numbers[0] == numbers[1]


def test_relations_of_a_parent_are_deleted_where_the_deletion_began_with_its_child(contact, image):
    """The whole of it: tests/hosts/own_images_name."""
    contact.images.attach(image)
    for origin in (contact, Contact.objects.all()):
        delete_relations(sender=Contact, instance=contact, using="default", origin=origin)
        assert contact.images.count() == 1
    for origin in (contact.organization, type(contact.organization).objects.all()):
        delete_relations(sender=Contact, instance=contact, using="default", origin=origin)
        assert contact.images.count() == 0
