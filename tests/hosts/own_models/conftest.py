from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from django_polyimages.models import Image, PolymorphicImageRelation
from tests.drawing import photo, upload_of
from tests.hosts.own_models.archive.models import Book, Branch, Photo, Reading

NOT_IN_USE = [model._meta.db_table for model in (Image, PolymorphicImageRelation)]
COLUMNS = ", ".join(f'"polyimages_image"."{name}"' for name in ("id", "file", "versions"))
LOOK_UP = f'SELECT {COLUMNS} FROM "polyimages_image" WHERE "polyimages_image"."file" IN ('


@pytest.fixture(autouse=True)
def on_default_tables(db) -> Iterator[list[str]]:
    """Collects SQL statements that use the tables of the default models; there must be none, but
    for deletions, which ask every table of images who else has the files.
    """
    found: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if any(table in sql for table in NOT_IN_USE) and not sql.replace("`", '"').startswith(
            LOOK_UP
        ):
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield found
    assert found == []


@pytest.fixture(params=[Book, Reading, Branch])
def holding(request, acme) -> Model:
    """An object with an integer, a UUID or a text as its primary key."""
    key = {"code": "north-2"} if request.param is Branch else {}
    return request.param.objects.create(organization=acme, name="Emma", **key)


@pytest.fixture
def photos(acme) -> list[Photo]:
    return [
        Photo.objects.upload(
            upload_of(photo(), f"{number}.jpg"), organization=acme, photographer="Ada"
        )
        for number in range(3)
    ]
