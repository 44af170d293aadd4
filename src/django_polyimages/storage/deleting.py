"""Deletes many files of one storage, on S3 with one request for a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.core.files.storage import Storage

from django_polyimages.storage.s3 import inherits_from_s3

BATCH: Final = 1000
"""How many keys a request of S3 may name."""
_NOT_SUPPORTED: Final = frozenset([400, 405, 411, 501])
"""The status where a server does not know the request, such as Google's, or wants other headers."""


def can_delete_in_batches(backend: Storage) -> bool:
    """Whether ``backend`` is an S3 storage that deletes as the one of django-storages does."""
    return inherits_from_s3(backend, "delete")


def delete_batch(backend: Any, keys: Sequence[str]) -> dict[str, Exception]:
    """Delete at most ``BATCH`` files of an S3 storage. Returns the error of each that failed.

    It is no error if a file does not exist. Raises the error of a request that failed as a whole.
    """
    from botocore.exceptions import ClientError
    from storages.utils import clean_name

    names = {backend._normalize_name(clean_name(key)): key for key in keys}
    objects = [{"Key": name} for name in names]
    try:
        answer = backend.bucket.delete_objects(Delete={"Objects": objects, "Quiet": True})
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in _NOT_SUPPORTED:
            return _delete_one_by_one(backend, keys)
        raise
    return {
        names[one["Key"]]: ClientError({"Error": one}, "DeleteObjects")
        for one in answer.get("Errors", ())
        if one.get("Code") != "NoSuchKey"
    }


def _delete_one_by_one(backend: Storage, keys: Sequence[str]) -> dict[str, Exception]:
    from botocore.exceptions import BotoCoreError, ClientError

    failures: dict[str, Exception] = {}
    for key in keys:
        try:
            backend.delete(key)
        except (BotoCoreError, ClientError) as error:
            failures[key] = error
    return failures
