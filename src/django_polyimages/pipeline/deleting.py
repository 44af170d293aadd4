"""Deletes files from their storages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import groupby

from django.core.files.storage import Storage

from django_polyimages import storage
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.patience import Patience, error_of
from django_polyimages.storage.deleting import BATCH, can_delete_in_batches, delete_batch
from django_polyimages.storage.keys import is_incoming, is_original
from django_polyimages.storage.problems import problem_of, report

Note = Callable[[Mapping[str, str]], object]
"""Is given the name of the problem for each file that could not be deleted."""
_SHOWN = 5
"""How many keys a record of the log names."""


def delete_files(keys: Iterable[str], patience: Patience | None = None) -> dict[str, str]:
    """Delete files, several at a time. Returns the name of the problem for each failure.

    That of files which the storage has not deleted when the time is up is ``TimeoutError``; some
    may still be deleted later. Without ``patience``, the time is half of ``STORAGE_TIMEOUT``.
    """
    patience = patience or Patience.for_deletions()
    # In a thread too: what fails here is told for each file.
    patience.wait([threads.submit("deletions", storage.connect)])
    deletions = [
        (part, threads.submit("deletions", _delete, backend, part))
        for backend, wanted in _by_storage(list(dict.fromkeys(keys)))
        for part in _parts(backend, wanted)
    ]
    patience.wait([deletion for _part, deletion in deletions])
    failures: dict[str, BaseException] = {}
    for part, deletion in deletions:
        failures |= _failures(part, deletion)
    _report(failures)
    return {key: problem_of(error).name for key, error in failures.items()}


def ignore(_failures: Mapping[str, str]) -> None:
    """A ``Note`` for files that nobody records. They are in the log."""


def _by_storage(keys: Sequence[str]) -> Iterator[tuple[Storage, Sequence[str]]]:
    """Originals are deleted from the storage of the versions too: they may not be moved yet."""
    versions, originals = storage.get_storage(), storage.get_original_storage()
    if originals is versions:
        yield versions, keys
        return
    yield versions, [key for key in keys if not is_incoming(key)]
    yield originals, [key for key in keys if is_original(key) or is_incoming(key)]


def _parts(backend: Storage, keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys of each call of the storage."""
    size = BATCH if len(keys) > 1 and can_delete_in_batches(backend) else 1
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _delete(backend: Storage, keys: Sequence[str]) -> Mapping[str, BaseException]:
    if len(keys) > 1:
        return delete_batch(backend, keys)
    for key in keys:
        backend.delete(key)
    return {}


def _failures(
    keys: Sequence[str], deletion: Future[Mapping[str, BaseException]]
) -> Mapping[str, BaseException]:
    error = error_of(deletion)
    return dict.fromkeys(keys, error) if error else deletion.result()


def _report(failures: Mapping[str, BaseException]) -> None:
    """One record for each kind of problem: a storage that is down refuses a thousand files."""

    def name(key: str) -> str:
        return problem_of(failures[key]).name

    for _name, keys in groupby(sorted(failures, key=name), key=name):
        refused = list(keys)
        shown = ", ".join(refused[:_SHOWN])
        report(f"Deleting {len(refused)} files, such as {shown}", failures[refused[0]])
