from __future__ import annotations

import json

import pytest
from django.core import serializers
from django.db import connection

from django_polyimages.models import Image
from django_polyimages.versions import Version

pytestmark = pytest.mark.django_db


class TestVersions:
    def test_come_back_from_the_database_as_they_went_in(self, image):
        before = image.versions
        assert isinstance(before["sm"], Version)
        assert Image.objects.get().versions == before

    def test_are_recorded_as_plain_json(self, image):
        with connection.cursor() as cursor:
            cursor.execute("SELECT versions FROM polyimages_image")
            record = json.loads(cursor.fetchone()[0])
        assert set(record["thumb"]) == {
            *("key", "width", "height", "bytes", "digest", "media_type")
        }
        assert record["thumb"]["media_type"] == "image/webp"
        assert Image.objects.filter(versions__thumb__width=160).exists()
        assert Image.objects.values_list("versions__thumb__width", flat=True).get() == 160

    def test_survive_dumpdata(self, image):
        dump = serializers.serialize("json", [image])
        [loaded] = serializers.deserialize("json", dump)
        assert loaded.object.versions == image.versions

    def test_the_migration_does_not_need_our_field(self):
        assert Image._meta.get_field("versions").deconstruct()[1] == "django.db.models.JSONField"
