"""Files that are removed from the storage."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django_polyimages import storage
from django_polyimages.pipeline import threads

logger = logging.getLogger("django_polyimages")


def delete_files(keys: Iterable[str]) -> dict[str, str]:
    """Remove files, several at once. Returns why for each that could not be removed."""
    storage.connect()
    deletions = {key: threads.submit("deletions", delete_file, key) for key in keys}
    failures = {}
    for key, deletion in deletions.items():
        if error := deletion.exception():
            logger.error("Deleting %r failed.", key, exc_info=error)
            failures[key] = reason_of(error)
    return failures


def delete_file(key: str) -> None:
    """Remove one file; one that is gone already is no error."""
    storage.get_storage().delete(key)


def reason_of(error: BaseException) -> str:
    """For people: the kind of error; its text, which may name hosts and buckets, is for the log."""
    return type(error).__name__
