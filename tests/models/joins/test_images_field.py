"""Queries of hosts by their images: integer and UUID keys, in one table with rows of nobody's."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Q
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from contacts.models import Contact
from django_polyimages.models import Image, prefetch_images
from django_polyimages.models import PolymorphicImageRelation as Relation
from organizations.models import Organization
from tests.builders import fake_images

pytestmark = pytest.mark.django_db


HOSTS = [Contact, Product]


def nobodys(host: type[models.Model], obj: models.Model, image) -> None:
    """Relations with a key that no object has, as a careless import may leave them."""
    key = str(obj.pk)
    wrong = {
        "x",
        "",
        key + "x",
        f" {key}",
        f"{key} ",
        key.upper() + "é",
        key.replace("-", "") + "-",
    }
    if isinstance(obj.pk, int):
        wrong |= {
            f"0{key}",
            f"+{key}",
            key.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
        }
    else:
        wrong |= {key.upper(), obj.pk.hex}
    content_type = ContentType.objects.get_for_model(host)
    for number, spelled in enumerate(sorted(wrong - {key})):
        Relation.objects.bulk_create(
            [Relation(image=image[number], content_type=content_type, object_id=spelled)]
        )
    Relation.objects.filter(content_type=content_type, object_id="x").update(is_cover=True)


@pytest.fixture(params=HOSTS, ids=["integer key", "UUID key"])
def host(request, acme) -> type[models.Model]:
    """A model with three objects: Both has a cover and another, Plain one image, None none.

    The objects of the other model have covers and images in the same table.
    """
    for model in HOSTS:
        one, two, _three = (
            model.objects.create(organization=acme, name=name) for name in ("Both", "Plain", "None")
        )
        door, lamp = fake_images(acme, 2)
        type(door).objects.filter(pk=door.pk).update(title="door")
        if model is request.param:
            one.images.attach(door, is_cover=True)
            one.images.attach(lamp)
            two.images.attach(lamp)
        else:
            for obj in (one, two, _three):
                obj.images.attach(door, is_cover=True)
        nobodys(model, one, fake_images(acme, 20))
    return request.param


def names(queryset) -> list[str]:
    return sorted(queryset.values_list("name", flat=True))


class TestFilter:
    def test_by_a_field_of_the_relation(self, host):
        assert names(host.objects.filter(images__is_cover=True)) == ["Both"]
        assert names(host.objects.filter(images__is_cover=False)) == ["Both", "Plain"]

    def test_by_a_field_of_the_image(self, host):
        assert names(host.objects.filter(images__image__title="door")) == ["Both"]
        assert names(host.objects.filter(images__image__title="1")) == ["Both", "Plain"]

    def test_by_having_any(self, host):
        assert names(host.objects.filter(images__isnull=True)) == ["None"]
        assert names(host.objects.filter(images=None)) == ["None"]
        assert names(host.objects.filter(images__isnull=False).distinct()) == ["Both", "Plain"]

    def test_by_a_relation(self, host):
        relation = host.objects.get(name="Plain").images.get()
        assert names(host.objects.filter(images=relation)) == ["Plain"]
        assert names(host.objects.filter(images__in=[relation])) == ["Plain"]
        assert names(host.objects.filter(images__in=Relation.objects.all()).distinct()) == [
            "Both",
            "Plain",
        ]

    def test_with_or_and_not(self, host):
        cover = Q(images__is_cover=True)
        assert names(host.objects.filter(cover | Q(name="None"))) == ["Both", "None"]
        assert names(host.objects.filter(~cover | Q(name="Both"))) == ["Both", "None", "Plain"]
        assert names(host.objects.filter(cover).exclude(images__image__title="door")) == []

    def test_from_another_model(self, host):
        path = host._meta.model_name
        found = Organization.objects.filter(**{f"{path}__images__image__title": "door"})
        assert [one.name for one in found] == ["Acme"]
        assert not Organization.objects.filter(**{f"{path}__images__order": 1}).exists()


class TestExclude:
    def test_by_a_field_of_the_relation(self, host):
        assert names(host.objects.exclude(images__is_cover=True)) == ["None", "Plain"]
        assert names(host.objects.exclude(images__is_cover=False)) == ["None"]

    def test_by_a_field_of_the_image(self, host):
        assert names(host.objects.exclude(images__image__title="door")) == ["None", "Plain"]
        assert names(host.objects.exclude(images__image__title="nothing")) == [
            "Both",
            "None",
            "Plain",
        ]

    def test_by_having_any(self, host):
        assert names(host.objects.exclude(images=None).distinct()) == ["Both", "Plain"]
        assert names(host.objects.exclude(images__isnull=False)) == ["None"]

    def test_by_a_relation(self, host):
        relation = host.objects.get(name="Plain").images.get()
        assert names(host.objects.exclude(images=relation)) == ["Both", "None"]
        assert names(host.objects.exclude(images__in=[relation])) == ["Both", "None"]

    def test_by_two_things(self, host):
        both = host.objects.exclude(images__is_cover=True, images__image__title="1")
        assert names(both) == ["None", "Plain"]

    def test_after_a_filter_by_the_same(self, host):
        found = host.objects.filter(images__image__title="1").exclude(images__is_cover=True)
        assert names(found) == ["Plain"]

    def test_by_a_column_of_the_object(self, host):
        assert names(host.objects.exclude(images__image__title=F("name"))) == [
            "Both",
            "None",
            "Plain",
        ]
        host.objects.filter(name="Both").update(name="door")
        assert names(host.objects.exclude(images__image__title=F("name"))) == ["None", "Plain"]

    def test_from_another_model(self, host, other):
        path = host._meta.model_name
        found = Organization.objects.exclude(**{f"{path}__images__image__title": "door"})
        assert [one.name for one in found] == ["Other"]


class TestAnnotate:
    def test_a_count(self, host):
        counted = host.objects.annotate(n=Count("images")).values_list("name", "n")
        assert dict(counted) == {"Both": 2, "Plain": 1, "None": 0}
        assert names(host.objects.alias(n=Count("images")).filter(n=0)) == ["None"]

    def test_a_count_under_a_condition(self, host):
        covers = Count("images", filter=Q(images__is_cover=True))
        assert dict(host.objects.annotate(n=covers).values_list("name", "n")) == {
            "Both": 1,
            "Plain": 0,
            "None": 0,
        }
        cover = FilteredRelation("images", condition=Q(images__is_cover=True))
        counted = host.objects.annotate(cover=cover, n=Count("cover"))
        assert dict(counted.values_list("name", "n")) == {"Both": 1, "Plain": 0, "None": 0}

    def test_from_another_model(self, host, acme):
        path = f"{host._meta.model_name}__images__image"
        assert Organization.objects.aggregate(n=Count(path), most=Max(f"{path}__title")) == {
            "n": 3,
            "most": "door",
        }

    def test_a_subquery_by_the_key(self, host):
        content_type = ContentType.objects.get_for_model(host)
        covers = Relation.objects.filter(
            content_type=content_type, object_id=OuterRef("pk"), is_cover=True
        )
        assert names(host.objects.filter(Exists(covers))) == ["Both"]

    def test_order_and_values(self, host):
        titles = host.objects.order_by("-images__image__title", "name")
        titles = titles.filter(images__isnull=False).values_list("name", "images__image__title")
        assert list(titles) == [("Both", "door"), ("Both", "1"), ("Plain", "1")]


class TestChange:
    def test_an_update(self, host):
        assert host.objects.filter(images__is_cover=True).update(name="Found") == 1
        assert names(host.objects.all()) == ["Found", "None", "Plain"]

    def test_a_deletion(self, host):
        before = Relation.objects.count()
        host.objects.filter(images__is_cover=True).delete()
        assert names(host.objects.all()) == ["None", "Plain"]
        assert Relation.objects.count() == before - 2

    def test_a_deletion_of_what_has_none(self, host):
        host.objects.exclude(images__isnull=False).delete()
        assert names(host.objects.all()) == ["Both", "Plain"]

    def test_the_images_of_one_object_are_its_own(self, host):
        both = host.objects.get(name="Both")
        assert both.images.count() == 2
        [found] = host.objects.filter(name="Both").prefetch_images()
        assert len(found.images.all()) == 2


class TestWithCover:
    def test_finds_what_has_a_cover_once(self, host):
        assert names(host.objects.with_cover()) == ["Both"]
        assert names(host.objects.exclude(pk__in=host.objects.with_cover())) == ["None", "Plain"]

    def test_is_one_query(self, host, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert len(host.objects.filter(name="Both").with_cover()[:5]) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan; see docs/filtering")
class TestIndex:
    def plan(self, queryset) -> str:
        with CaptureQueriesContext(connection) as queries:
            list(queryset)
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + queries[-1]["sql"])
            return "\n".join(row[3] for row in cursor.fetchall())

    @pytest.mark.parametrize("model", HOSTS)
    def test_is_used_with_both_columns(self, model, acme):
        index = "(content_type_id=? AND object_id=?)"
        counted = model.objects.annotate(n=Count("images")).filter(name="x")
        assert index in self.plan(counted)
        assert index in self.plan(model.objects.filter(name="x").with_cover())
        assert index in self.plan(model.objects.exclude(images__is_cover=True))


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("model", HOSTS)
def test_another_database_has_its_own_content_types(model):
    there = Organization.objects.using("other").create(name="There", slug="there")
    content_types = ContentType.objects.db_manager("other")
    content_types.get_for_model(model).delete()
    content_types.create(pk=9000, app_label=model._meta.app_label, model=model._meta.model_name)
    ContentType.objects.clear_cache()
    image = Image(file="images/1.jpg", organization=there, width=1, height=1, byte_size=1)
    image.save(using="other")
    obj = model.objects.using("other").create(organization=there, name="x")
    obj.images.attach(image, is_cover=True)
    assert ContentType.objects.get_for_model(model).pk != 9000
    objects = model.objects.using("other")
    assert objects.filter(images__is_cover=True).get() == obj
    assert not objects.exclude(images__is_cover=True).exists()
    assert objects.with_cover().get() == obj
    assert objects.prefetch_images(cover_only=True).get().images.cover().image == image
    prefetch_images([obj])
    with CaptureQueriesContext(connection) as queries:
        assert obj.images.cover().image == image
    assert not queries.captured_queries
    ContentType.objects.clear_cache()
