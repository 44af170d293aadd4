"""Stores files before the rows that will record them can be inserted."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from django.core.files.base import File
from django.db import transaction

from django_polyimages.pipeline.deleting import Note, ignore
from django_polyimages.pipeline.rollback import remove_on_rollback, remove_soon
from django_polyimages.pipeline.store import EARLY, store_files


def store_early(
    file: File[bytes], *, using: str, note: Note = ignore, owner: Hashable = None
) -> None:
    """Do what ``store()`` does before it needs the database; ``store()`` then takes the result.

    For code that inserts rows in a transaction which is open already: nobody should have to wait
    for its locks while pixels are processed and the storage is written to. If the transaction is
    rolled back, or commits although ``store()`` was not called, the files are deleted. Does nothing
    outside of a transaction. ``note`` is told of files that the storage does not delete. Raises
    what ``store()`` raises.
    """
    if not transaction.get_connection(using).in_atomic_block:
        return
    stored = store_files(file, owner, note)
    setattr(file, EARLY, stored)
    remove_on_rollback(stored.keys, using, note)
    transaction.on_commit(partial(_delete_unused, file, note), using=using)


def _delete_unused(file: File[bytes], note: Note) -> None:
    if unused := file.__dict__.pop(EARLY, None):
        remove_soon(unused.keys, note)
