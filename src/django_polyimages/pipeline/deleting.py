"""Deletes files from their storages."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import wait

from django_polyimages import storage
from django_polyimages.pipeline import threads

logger = logging.getLogger("django_polyimages")


def delete_files(keys: Iterable[str]) -> dict[str, str]:
    """Delete files, several at a time. Returns the reason for each failure."""
    # In a thread too: what fails here is told for each file.
    wait([threads.submit("deletions", storage.connect)])
    deletions = {key: threads.submit("deletions", delete_file, key) for key in keys}
    failures = {}
    for key, deletion in deletions.items():
        if error := deletion.exception():
            logger.error("Deleting %r failed.", key, exc_info=error)
            failures[key] = reason_of(error)
    return failures


def delete_file(key: str) -> None:
    """Delete a file. It is no error if the file does not exist.

    An original is deleted from the storage of the versions too: it may not have been moved yet.
    """
    storage.get_storage().delete(key)
    if storage.storage_of(key) is not storage.get_storage():
        storage.storage_of(key).delete(key)


def reason_of(error: BaseException) -> str:
    """The kind of error, for users. Its text may contain hosts and buckets and is only logged."""
    return type(error).__name__
