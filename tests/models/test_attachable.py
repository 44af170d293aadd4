from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, router
from django.test.utils import CaptureQueriesContext, isolate_apps

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import Image, prefetch_images
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import fake_images, fresh, images_of

pytestmark = pytest.mark.django_db


class TestPrefetch:
    @pytest.mark.parametrize("times", [1, 20])
    def test_a_mixed_list_costs_one_query(self, gallery, times, django_assert_num_queries):
        objects = [obj for _ in range(times) for obj in fresh(gallery)]
        with django_assert_num_queries(1):
            prefetch_images(objects)
            found = [{relation.image.title for relation in obj.images.all()} for obj in objects]
            covers = [obj.images.cover() for obj in objects]
        assert found == [{image.title for image in images} for images in gallery.values()] * times
        assert [cover and cover.image for cover in covers] == [
            next(iter(images), None) for images in gallery.values()
        ] * times

    def test_is_in_display_order(self, gallery):
        objects = fresh(gallery)
        prefetch_images(objects)
        for obj in objects:
            assert images_of(obj) == images_of(type(obj).objects.get(pk=obj.pk))

    def test_content_types_cost_one_more_when_they_are_unknown(
        self, gallery, django_assert_num_queries
    ):
        objects = fresh(gallery)
        ContentType.objects.clear_cache()
        with django_assert_num_queries(2):
            prefetch_images(objects)

    def test_the_same_object_twice_and_another_of_the_same_row(self, gallery):
        obj = next(iter(gallery))
        [twin] = fresh([obj])
        prefetch_images([obj, twin, obj])
        with CaptureQueriesContext(connection) as queries:
            assert len(obj.images.all()) == len(twin.images.all()) == 2
        assert not queries.captured_queries

    def test_nothing_costs_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            prefetch_images([])
            prefetch_images([], cover_only=True)

    def test_what_was_loaded_is_loaded_again(self, acme, contact):
        a, b = fake_images(acme, 2)
        contact.images.attach(a)
        prefetch_images([contact])
        Contact.objects.get().images.attach(b)
        assert images_of(contact) == [a]
        prefetch_images([contact])
        assert images_of(contact) == [a, b]

    @pytest.mark.parametrize("cover_only", [False, True])
    def test_what_has_no_images_is_told(self, acme, cover_only):
        with pytest.raises(TypeError, match="Organization is not attachable"):
            prefetch_images([acme], cover_only=cover_only)
        for model in (Contact, Product):
            with pytest.raises(ValueError, match=f"Save the {model.__name__} before"):
                prefetch_images([model(organization=acme, name="x")], cover_only=cover_only)

    @isolate_apps("contacts")
    def test_a_proxy_has_the_images_of_its_model(self, gallery):
        class ContactProxy(Contact):
            class Meta:
                app_label = "contacts"
                proxy = True

        obj = next(iter(gallery))
        proxy = ContactProxy.objects.get(pk=obj.pk)
        prefetch_images([proxy])
        assert len(proxy.images.all()) == 2
        prefetch_images([proxy], cover_only=True)
        assert proxy.images.cover() == obj.images.cover()


class ProductsElsewhere:
    """A router that keeps the relations of products in another database."""

    def db_for_read(self, model, instance=None, **hints) -> str | None:
        return "other" if model is Relation and isinstance(instance, Product) else None


@pytest.mark.django_db(databases=["default", "other"])
class TestDatabases:
    @pytest.mark.parametrize("cover_only", [False, True])
    def test_each_object_gets_the_images_of_its_own(self, acme, cover_only):
        there = Organization.objects.using("other").create(pk=acme.pk, name="x", slug="x")
        objects = []
        for using, organization in (("default", acme), ("other", there)):
            contact = Contact(pk=1, organization=organization, name=using)
            contact.save(using=using)
            image = Image(
                file="images/1.jpg", title=using, organization=organization, width=1, height=1,
                byte_size=1,
            )  # fmt: skip
            image.save(using=using)
            contact.images.attach(image)
            objects.append(contact)
        found = [Contact.objects.using(using).get() for using in ("default", "other")]
        prefetch_images(found, cover_only=cover_only)
        with (
            CaptureQueriesContext(connection) as queries,
            CaptureQueriesContext(connections["other"]) as others,
        ):
            assert [obj.images.cover().image.title for obj in found] == ["default", "other"]
        assert not queries.captured_queries
        assert not others.captured_queries

    def test_a_router_is_asked(self, acme, settings):
        product = Product.objects.create(organization=acme, name="x")
        product.images.attach(fake_images(acme, 1)[0])
        prefetch_images([product])
        assert len(product.images.all()) == 1
        settings.DATABASE_ROUTERS = ["tests.models.test_attachable.ProductsElsewhere"]
        assert router.db_for_read(Relation, instance=product) == "other"
        prefetch_images([product])
        assert len(product.images.all()) == 0
        prefetch_images([product], cover_only=True)
        assert product.images.cover() is None
