"""The indexes for parts of texts, where the host has installed pg_trgm."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from django_polyimages.models import Image

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="pg_trgm is PostgreSQL's"),
]
migration = import_module("django_polyimages.migrations.0005_search_with_trigrams")


@pytest.fixture
def execute():
    with connection.cursor() as cursor:
        yield cursor.execute
        migration.remove_indexes(apps, connection.schema_editor())
        cursor.execute("DROP EXTENSION IF EXISTS pg_trgm")


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Image._meta.db_table)
    return {name for name in found if name.endswith("_trgm")}


def test_without_the_extension_nothing_is_created(execute):
    migration.add_indexes(apps, connection.schema_editor())
    assert indexes() == set()


def test_they_serve_the_filter_of_the_api_and_the_search_of_the_admin(execute):
    execute("CREATE EXTENSION pg_trgm")
    migration.add_indexes(apps, connection.schema_editor())
    assert len(indexes()) == 3
    execute("SET enable_seqscan = off")
    for field in migration.COLUMNS:
        plan = Image.objects.order_by().filter(**{f"{field}__icontains": "gate"}).explain()
        assert f"polyimages_image_{field}_trgm" in plan
    execute("RESET enable_seqscan")
