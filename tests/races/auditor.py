"""Says what is wrong with rows and files, from SQL and a listing alone: nothing of the package's.

Only the names of tables and columns are known here, as an operator would know them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from django.core.files.storage import storages
from django.db import connection

RELATIONS = "polyimages_polymorphicimagerelation"
IMAGES = "polyimages_image"
HOSTS = {("contacts", "contact"): "contacts_contact", ("catalog", "product"): "catalog_product"}


def rows(sql: str, *params: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def clear(folder: Path | None = None) -> None:
    """Delete all rows, and all files of a folder."""
    for table in (RELATIONS, IMAGES, "polyimages_filedeletion", *HOSTS.values()):
        rows(f"DELETE FROM {table}")
    for path in folder.iterdir() if folder else ():
        path.unlink()


def faults() -> list[str]:
    """What is broken: its kind, a colon, and where."""
    return [
        *(f"two covers: {one}" for one in _several("is_cover")),
        *(f"two places the same: {one}" for one in _several("NOT is_cover OR is_cover", "order")),
        *(f"attached twice: {one}" for one in _several("NOT is_cover OR is_cover", "image_id")),
        *(f"relation to no image: {one}" for one in _without_image()),
        *(f"relation to no object: {one}" for one in _without_object()),
    ]


def faults_of_files() -> list[str]:
    """The same for the storage, when nobody works: each file has a row, each row its files."""
    recorded = Counter(_recorded())
    stored = set(_stored())
    return [
        *(f"file missing: {key}" for key in sorted(recorded.keys() - stored)),
        *(f"file without a row: {key}" for key in sorted(stored - recorded.keys())),
        *(f"file of two rows: {key}" for key, number in recorded.items() if number > 1),
        *(f"not ready: {one}" for one in rows(f"SELECT id FROM {IMAGES} WHERE status <> 'ready'")),
    ]


def _several(condition: str, *columns: str) -> list[tuple[object, ...]]:
    """The objects with several such relations that are the same in these columns."""
    names = [connection.ops.quote_name(one) for one in ("content_type_id", "object_id", *columns)]
    given = " AND ".join([f"({condition})", *(f"{name} IS NOT NULL" for name in names[2:])])
    by = ", ".join(names)
    return rows(f"SELECT {by} FROM {RELATIONS} WHERE {given} GROUP BY {by} HAVING COUNT(*) > 1")


def _without_image() -> list[tuple[object, ...]]:
    return rows(f"SELECT id FROM {RELATIONS} WHERE image_id NOT IN (SELECT id FROM {IMAGES})")


def _without_object() -> Iterator[tuple[object, ...]]:
    types = {
        key: (app, model)
        for key, app, model in rows("SELECT id, app_label, model FROM django_content_type")
    }
    there = {
        kind: {str(key).replace("-", "") for (key,) in rows(f"SELECT id FROM {table}")}
        for kind, table in HOSTS.items()
    }
    for key, kind, object_id in rows(f"SELECT id, content_type_id, object_id FROM {RELATIONS}"):
        if str(object_id).replace("-", "") not in there.get(types.get(kind), set()):
            yield key, kind, object_id


def _recorded() -> Iterator[str]:
    for original, versions in rows(f"SELECT file, versions FROM {IMAGES}"):
        yield str(original)
        made = json.loads(versions) if isinstance(versions, str | bytes) else versions
        assert isinstance(made, dict)
        yield from (one["key"] for one in made.values())


def _stored() -> Collection[str]:
    storage = storages["polyimages"]
    if not storage.exists("images"):
        return []
    return [f"images/{name}" for name in storage.listdir("images")[1]]
