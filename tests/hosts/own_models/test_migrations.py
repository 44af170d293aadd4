"""The test database was created by all migrations: it is complete, and none is missing."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from django_polyimages.models import Image, PolymorphicImageRelation
from tests.hosts.own_models.archive.models import Photo, PhotoUse


# If this fails after the package got a new field: move 0003 away, regenerate 0002_own_image_models,
# move 0003 back and let it depend on the newest migration of the package.
@pytest.mark.parametrize("app", ["archive", "polyimages"])
def test_no_migration_is_missing(app):
    told = StringIO()
    call_command("makemigrations", app, "--check", "--dry-run", stdout=told)
    assert "No changes detected" in told.getvalue()


def test_everything_is_migrated_and_the_default_tables_exist_too():
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    tables = {model._meta.db_table for model in (Image, PolymorphicImageRelation, Photo, PhotoUse)}
    assert tables <= set(connection.introspection.table_names())


def test_the_system_checks_have_no_complaints():
    call_command("check", fail_level="WARNING")
