from __future__ import annotations

import pickle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import prefetch_images
from organizations.models import Organization
from tests.builders import fake_images, fresh

pytestmark = pytest.mark.django_db


class TestCoverOnly:
    def test_a_queryset_costs_two_queries(self, gallery, django_assert_num_queries):
        for model in (Contact, Product):
            with django_assert_num_queries(2):
                found = {
                    obj: (cover := obj.images.cover()) and cover.image
                    for obj in model.objects.prefetch_images(cover_only=True)
                }
            assert found == {obj: next(iter(gallery[obj]), None) for obj in found}
            assert len(found) == 4

    def test_a_mixed_list_costs_one(self, gallery, django_assert_num_queries):
        objects = fresh(gallery)
        with django_assert_num_queries(1):
            prefetch_images(objects, cover_only=True)
            covers = [obj.images.cover() for obj in objects]
            assert [cover and cover.image for cover in covers] == [
                next(iter(images), None) for images in gallery.values()
            ]

    def test_only_the_rows_of_these_objects_are_numbered_and_one_of_each_is_read(self, gallery):
        objects = fresh(gallery)[:2]
        with CaptureQueriesContext(connection) as queries:
            prefetch_images(objects, cover_only=True)
        sql = queries[0]["sql"]
        start, end = sql.index("ROW_NUMBER()"), sql.index("qualify")
        assert "WHERE" in sql[start:end]
        assert "object_id" in sql[start:end].rpartition("WHERE")[2]
        assert "versions" not in sql[start:end]

    def test_all_is_still_asked_for(self, gallery, django_assert_num_queries):
        for obj in Contact.objects.prefetch_images(cover_only=True):
            with django_assert_num_queries(1):
                assert len(obj.images.all()) == len(gallery[obj])

    @pytest.mark.parametrize(
        "query",
        [
            lambda contacts: contacts.filter(name__in="wx"),
            lambda contacts: contacts.order_by("name")[:2],
            lambda contacts: contacts.order_by("-name")[2:],
            lambda contacts: contacts.exclude(name__in="yz").iterator(chunk_size=1),
            lambda contacts: contacts.with_cover(),
            lambda contacts: contacts.prefetch_images(cover_only=True),
            lambda contacts: contacts.prefetch_images().filter(name="x"),
            lambda contacts: contacts.only("name"),
            lambda contacts: pickle.loads(pickle.dumps(contacts.all())),
        ],
    )
    def test_survives_chaining(self, gallery, query):
        found = list(query(Contact.objects.prefetch_images(cover_only=True)))
        assert found
        with CaptureQueriesContext(connection) as queries:
            for obj in found:
                cover = obj.images.cover()
                assert (cover and cover.image) == next(iter(gallery[obj]), None)
        assert not queries.captured_queries

    def test_prefetch_related_of_another_model_reaches_it(self, gallery, acme):
        acme = Organization.objects.prefetch_related("contact_set___images_cover").get()
        with CaptureQueriesContext(connection) as queries:
            assert [bool(one.images.cover()) for one in acme.contact_set.all()].count(True) == 3
        assert not queries.captured_queries

    @pytest.mark.parametrize(
        "verb",
        [
            lambda images, image: images.attach(image),
            lambda images, image: images.set_cover(image),
            lambda images, image: images.sync([image]),
            lambda images, image: images.attach_many([image]),
            lambda images, image: images.detach(image),
            lambda images, image: images.reorder([]),
            lambda images, image: images.clear(),
            lambda images, image: images.remove(*images.all()),
        ],
    )
    def test_a_verb_forgets_it(self, gallery, acme, verb, django_assert_num_queries):
        for obj in Contact.objects.prefetch_images(cover_only=True):
            verb(obj.images, fake_images(acme, 1)[0])
            with django_assert_num_queries(1):
                cover = obj.images.cover()
            assert cover == Contact.objects.get(pk=obj.pk).images.cover()

    def test_refreshing_forgets_it(self, gallery, acme):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="z")
        assert obj.images.cover() is None
        Contact.objects.get(name="z").images.attach(fake_images(acme, 1)[0])
        assert obj.images.cover() is None
        obj.refresh_from_db()
        assert obj.images.cover() is not None

    def test_loading_all_afterwards_takes_its_place(self, gallery, acme):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="w")
        new = fake_images(acme, 1)[0]
        Contact.objects.get(name="w").images.set_cover(new)
        prefetch_images([obj])
        assert obj.images.cover().image == new

    def test_saving_the_object_is_not_disturbed(self, gallery):
        obj = Contact.objects.prefetch_images(cover_only=True).get(name="w")
        obj.name = "saved"
        obj.save()
        assert Contact.objects.get(pk=obj.pk).name == "saved"
        assert pickle.loads(pickle.dumps(obj)).images.cover() == obj.images.cover()


class TestPrefetch:
    @pytest.mark.parametrize("count", [1, 20])
    def test_a_queryset_costs_three_queries(self, acme, count, django_assert_num_queries):
        images = fake_images(acme, 3)
        for number in range(count):
            contact = Contact.objects.create(organization=acme, name=str(number))
            for image in images:
                contact.images.attach(image)
        with django_assert_num_queries(3):
            urls = [
                version.url
                for contact in Contact.objects.prefetch_images()
                for relation in contact.images.all()
                for version in relation.image.versions.values()
            ]
        assert len(urls) == count * 12

    @pytest.mark.parametrize("count", [1, 20])
    def test_a_mixed_list_costs_one(self, acme, count, django_assert_num_queries):
        [image] = fake_images(acme, 1)
        objects = [
            model.objects.create(organization=acme, name=str(number))
            for number in range(count)
            for model in (Contact, Product)
        ]
        for obj in objects:
            obj.images.attach(image)
        objects = [*Contact.objects.all(), *Product.objects.all()]
        with django_assert_num_queries(1):
            prefetch_images(objects)
            assert [obj.images.cover().image for obj in objects] == [image] * count * 2
