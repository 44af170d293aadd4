"""The order of the steps, and those that every storage can take."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django_polyimages.operations.storage_trial.s3 import steps_of_s3
from django_polyimages.operations.storage_trial.steps import Finding, Step, Trial, attempt
from django_polyimages.storage.listing import CannotList, list_files
from django_polyimages.storage.s3 import is_s3


def try_storage(trial: Trial, *, origin: str = "") -> Iterator[Step]:
    """Write, read, list and delete files, and on S3 also everything that browsers do.

    With ``origin``, such as ``https://example.com``, whether a page there may upload. The caller
    enters the ``trial``, whose end removes all files. If writing fails, nothing else is tried.
    """
    key = ""

    def put() -> str:
        nonlocal key
        key = trial.put()
        return ""

    yield (written := attempt("put", put))
    if not written.works:
        return
    yield attempt("get", partial(_get, trial, key))
    if is_s3(trial.backend):
        yield from steps_of_s3(trial, key, origin)
    yield attempt("list", partial(_list, trial, key))
    yield attempt("delete", partial(_delete, trial, key))


def _get(trial: Trial, key: str) -> str:
    with trial.backend.open(key) as file:
        if file.read() != trial.left[key]:
            raise Finding("the file that comes back is another one")
    return ""


def _list(trial: Trial, key: str) -> str:
    try:
        keys = {one.key for one in list_files(trial.backend, trial.prefix)}
    except CannotList as error:
        raise Finding(
            "the storage does not list its files",
            f"{error} The key needs s3:ListBucket; the audit and the removal of uploads that "
            "nobody completes depend on it.",
        ) from error
    if key not in keys:
        raise Finding("a file that is there is not listed")
    return ""


def _delete(trial: Trial, key: str) -> str:
    trial.backend.delete(key)
    if trial.backend.exists(key):
        raise Finding("a deleted file is still there")
    del trial.left[key]
    return ""
