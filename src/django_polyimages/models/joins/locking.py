"""The one order in which rows are locked: objects, then images, then relations, each by key.

Whoever keeps to it waits for others, but never in a circle, so no database has to give up a
transaction. Rows are locked by primary key, because a database locks what a query finds in the
order in which it finds it, and by the index that it has chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

from django.db import connections, models

from django_polyimages.models.joins.metadata import can_lock_without_key

_ONE_BY_ONE = 50


def lock_by_key(
    rows: models.QuerySet[Any], keys: Iterable[Any], *, no_key: bool = False
) -> set[Any]:
    """Lock the rows with these keys until the end of the transaction, and return the keys that are
    there. With ``no_key`` others can still insert rows that refer to them, where supported.
    """
    no_key = no_key and can_lock_without_key(rows.db)
    wanted = rows.filter(pk__in=list(keys)).order_by("pk").select_for_update(no_key=no_key)
    return set(wanted.values_list("pk", flat=True))


def lock_relations(relations: models.QuerySet[Any]) -> set[Any]:
    """Lock these relations. Returns the keys of those that are there.

    None must be added meanwhile, so the caller has locked their objects or their images.
    """
    keys = sorted(relations.order_by().values_list("pk", flat=True))
    rows = relations.model._base_manager.using(relations.db)
    parts = [[key] for key in keys] if is_one_by_one(keys, relations.db) else [keys] if keys else []
    return {key for part in parts for key in lock_by_key(rows, part)}


def is_one_by_one(keys: Sized, using: str) -> bool:
    """Whether to lock and delete rows one by one. MySQL and MariaDB read all of a small table to
    find several keys, and so wait for rows that others have locked; one key is always looked up.
    """
    return connections[using].vendor == "mysql" and len(keys) <= _ONE_BY_ONE
