from __future__ import annotations

import uuid

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import NotSupportedError, connection, models
from django.db.models import Count
from django.test.utils import isolate_apps

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import ImageAttachableQuerySet
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.models.joins.images_field import ImagesField
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


class TestOtherKeys:
    @pytest.fixture
    def tables(self, transactional_db):
        """Makes tables of models that only this test knows."""
        made = []

        def make(model: type[models.Model]) -> type[models.Model]:
            with connection.schema_editor() as editor:
                editor.create_model(model)
            made.append(model)
            return model

        with isolate_apps("contacts"):
            yield make
        for model in reversed(made):
            with connection.schema_editor() as editor:
                editor.delete_model(model)
        ContentType.objects.clear_cache()

    def test_text(self, tables, acme):
        class Page(models.Model):
            slug = models.SlugField(primary_key=True)
            images = ImagesField(Relation)
            objects = ImageAttachableQuerySet.as_manager()

            class Meta:
                app_label = "contacts"

        tables(Page)
        door, lamp = fake_images(acme, 2)
        Page.objects.create(slug="key").images.attach(door, is_cover=True)
        Page.objects.create(slug="other").images.attach(lamp)
        content_type = ContentType.objects.get_for_model(Page)
        Relation.objects.create(image=lamp, content_type=content_type, object_id="KEY")
        assert [page.slug for page in Page.objects.with_cover()] == ["key"]
        assert Page.objects.annotate(n=Count("images")).get(slug="key").n == 1
        assert [page.slug for page in Page.objects.exclude(images__image=door)] == ["other"]
        assert Page.objects.get(slug="key").images.count() == 1

    @pytest.mark.parametrize("model", [Contact, Product])
    def test_another_object(self, tables, acme, model):
        class Detail(models.Model):
            subject = models.OneToOneField(
                model, models.CASCADE, primary_key=True, related_name="+"
            )
            images = ImagesField(Relation)
            objects = ImageAttachableQuerySet.as_manager()

            class Meta:
                app_label = "contacts"

        tables(Detail)
        [door] = fake_images(acme, 1)
        for name in ("with", "without"):
            subject = model.objects.create(organization=acme, name=name)
            Detail.objects.create(subject=subject)
        Detail.objects.get(subject__name="with").images.attach(door, is_cover=True)
        assert Detail.objects.with_cover().get().subject.name == "with"
        assert Detail.objects.filter(images__image=door).get().subject.name == "with"
        assert Detail.objects.exclude(images__image=door).get().subject.name == "without"
        [found] = Detail.objects.filter(subject__name="with").prefetch_images(cover_only=True)
        assert found.images.cover().image == door

    def test_a_key_that_databases_spell_differently_is_refused(self, tables, acme):
        class Measure(models.Model):
            value = models.DecimalField(max_digits=9, decimal_places=3, primary_key=True)
            images = ImagesField(Relation)

            class Meta:
                app_label = "contacts"

        tables(Measure)
        with pytest.raises(NotSupportedError, match="is a DecimalField"):
            Measure.objects.filter(images__is_cover=True).exists()
        with pytest.raises(NotSupportedError, match="is a DecimalField"):
            Measure.objects.exclude(images__is_cover=True).exists()

    def test_a_key_that_is_more_in_python_than_in_the_database_is_refused(self, tables, acme):
        class Prefixed(models.CharField):
            def from_db_value(self, value, expression, connection):
                return f"key_{value}"

        class Thing(models.Model):
            key = Prefixed(max_length=20, primary_key=True)
            images = ImagesField(Relation)

            class Meta:
                app_label = "contacts"

        tables(Thing)
        with pytest.raises(NotSupportedError, match="is a Prefixed"):
            Thing.objects.filter(images__is_cover=True).exists()


def test_uuid_is_spelt_as_python_spells_it(acme):
    key = uuid.UUID("0000000A-000b-000c-000d-00000000000e")
    product = Product.objects.create(pk=key, organization=acme, name="x")
    product.images.attach(fake_images(acme, 1)[0])
    assert Product.objects.filter(images__isnull=False).get() == product
