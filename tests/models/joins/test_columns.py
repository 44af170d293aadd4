from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import F

from django_polyimages.models import Image
from django_polyimages.models import PolymorphicImageRelation as Relation
from django_polyimages.versions import Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded() -> Callable[[], Any]:
    """What the database has, read without Django's ORM."""

    def read() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT versions FROM polyimages_image")
            return json.loads(cursor.fetchone()[0])

    return read


class TestVersions:
    def test_come_back_from_the_database_as_they_went_in(self, image):
        before = image.versions
        assert isinstance(before["sm"], Version)
        assert Image.objects.get().versions == before

    def test_are_recorded_as_plain_json(self, image, recorded):
        record = recorded()
        assert set(record["thumb"]) == {
            *("key", "width", "height", "bytes", "digest", "media_type")
        }
        assert record["thumb"]["media_type"] == "image/webp"
        assert Image.objects.filter(versions__thumb__width=160).exists()
        assert Image.objects.values_list("versions__thumb__width", flat=True).get() == 160

    @pytest.mark.parametrize("form", ["json", "jsonl", "python", "xml"])
    def test_survive_dumpdata(self, image, recorded, form):
        dump = serializers.serialize(form, [image])
        image.delete()
        [loaded] = serializers.deserialize(form, dump)
        loaded.save()
        assert recorded() == json.loads(json.dumps(image.versions))
        assert Image.objects.get().versions["sm"].url == image.versions["sm"].url

    @pytest.mark.parametrize(
        "read",
        [
            lambda: Image.objects.values("versions").get()["versions"],
            lambda: Image.objects.values_list("versions", flat=True).get(),
            lambda: Image.objects.annotate(same=F("versions")).get().same,
            lambda: Image._meta.get_field("versions").value_from_object(Image.objects.get()),
            lambda: Relation.objects.values_list("image__versions", flat=True).get(),
        ],
        ids=["values", "values_list", "annotate", "value_from_object", "joined"],
    )
    def test_are_built_in_types_outside_of_the_model(self, image, contact, recorded, read):
        contact.images.attach(image)
        found = read()
        assert found == recorded()
        assert {type(one) for one in (found, *found.values())} == {dict}

    def test_are_json_on_the_model_too(self, image, recorded):
        """As ``JsonResponse``, the serializers of REST framework and exports need it."""
        for encoder in (json.JSONEncoder, DjangoJSONEncoder):
            assert json.loads(json.dumps(image.versions, cls=encoder)) == recorded()

    @pytest.mark.parametrize(
        "read",
        [
            lambda image: Image.objects.only("title").get(),
            lambda image: Image.objects.defer("versions").get(),
            lambda image: pickle.loads(pickle.dumps(Image.objects.get())),
            lambda image: copy.deepcopy(Image.objects.get()),
            lambda image: image.refresh_from_db() or image,
            lambda image: image.refresh_from_db(fields=["versions"]) or image,
            lambda image: Image.objects.raw("SELECT * FROM polyimages_image")[0],
        ],
        ids=["only", "defer", "pickle", "copy", "refresh", "refresh fields", "raw"],
    )
    def test_are_typed_on_a_model_however_it_was_read(self, image, read):
        assert read(image).versions["sm"].width == 400

    def test_of_many_images_are_not_read_where_they_are_deferred(
        self, image, django_assert_num_queries
    ):
        with django_assert_num_queries(1):
            [found] = Image.objects.defer("versions")
        with django_assert_num_queries(1):
            assert found.versions["sm"].width == found.versions["sm"].width == 400

    @pytest.mark.parametrize(
        "write",
        [
            lambda image: image.save(update_fields=["versions"]),
            lambda image: Image.objects.bulk_update([image], ["versions"]),
            lambda image: Image.objects.update(versions=image.versions),
            lambda image: image.delete() and Image.objects.bulk_create([image]),
        ],
        ids=["save", "bulk_update", "update", "bulk_create"],
    )
    @pytest.mark.parametrize("plain", [True, False], ids=["records", "versions"])
    def test_are_written_from_records_and_from_versions(self, image, recorded, write, plain):
        before = recorded()
        image.versions = {"sm": before["sm"] if plain else image.versions["sm"]}
        write(image)
        assert recorded() == {"sm": before["sm"]}
        assert image.versions["sm"].key == before["sm"]["key"]

    def test_changed_in_place_are_saved(self, image, recorded):
        del image.versions["lg"]
        image.save(update_fields=["versions"])
        assert set(recorded()) == {"thumb", "sm", "md"}

    def test_may_be_an_expression(self, image, recorded):
        Image.objects.update(versions={})
        image.versions = F("versions")
        image.save(update_fields=["versions"])
        assert recorded() == {}

    def test_are_found_by_what_is_in_them(self, image):
        key = image.versions["sm"].key
        assert Image.objects.get(versions__sm__key=key) == image
        assert Image.objects.get(versions=image.versions) == image
        assert not Image.objects.filter(versions__has_key="huge").exists()

    def test_the_migration_does_not_need_our_field(self):
        assert Image._meta.get_field("versions").deconstruct()[1] == "django.db.models.JSONField"
