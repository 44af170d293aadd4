"""Writes an original and its versions to their storages; nothing else writes files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext as _

from django_polyimages import storage
from django_polyimages.conf import get_settings
from django_polyimages.errors import StorageUnavailable
from django_polyimages.formats import FORMATS
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import Note, delete_or_note
from django_polyimages.pipeline.generation import Encoded, Event, Finished
from django_polyimages.pixels.placeholders import Placeholder
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec
from django_polyimages.storage.problems import Problem, problem_of, report
from django_polyimages.versions import Version

if TYPE_CHECKING:
    _File = File[bytes]
else:
    _File = File

logger = logging.getLogger("django_polyimages")
Events = Generator[Event, None, None]
Puts = dict[str, Future[str]]
"""By key: what the storage says of a file that was sent to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The versions of one original, as the row must record them."""

    versions: dict[str, Version]
    """The stored versions by name, in the order of the setting."""
    placeholder: Placeholder
    failure: str
    """Why versions are missing; empty if all are there."""


@contextmanager
def writing(note: Note) -> Iterator[Puts]:
    """PUTs by key. If the block raises, or is interrupted, their files are deleted,
    and ``note`` records those that the storage does not delete.
    """
    puts: Puts = {}
    storage.connect()
    with ExitStack() as undo:
        undo.callback(_delete_begun, puts, note)
        yield puts
        undo.pop_all()


def write(
    events: Events,
    puts: Puts,
    key_of: Callable[[VersionSpec], str],
    *,
    note: Note,
    focal_point: FocalPoint = CENTRE,
    original: tuple[str, Content] | None = None,
) -> Generated:
    """Store the original as soon as it is decoded, and each version as soon as it is encoded.

    Returns when all work is finished. Raises errors of the ``original``; the result contains
    errors of versions.
    """
    encoded: dict[str, tuple[VersionSpec, Encoded]] = {}
    placeholder, failure = Placeholder(), None
    with closing(events):
        for event in events:
            if isinstance(event, Encoded):
                new = {key_of(spec): (spec, event) for spec in event.specs}
                for key, (spec, _event) in new.items():
                    content = ContentFile(event.content)
                    puts[key] = _put(key, Content(content, FORMATS[spec.format].media_type))
                encoded |= new
            elif isinstance(event, Finished):
                placeholder, failure = event.placeholder, event.failure
            elif original:
                puts[original[0]] = _put(*original)
    wait(puts.values())
    if original:
        _require_original(puts.get(original[0]), failure)
    refused = {key: error for key in encoded if (error := puts[key].exception())}
    # A PUT that was reported as failed may still have been written.
    delete_or_note(begun({key: puts[key] for key in refused}), note)
    stored = {key: one for key, one in encoded.items() if key not in refused}
    versions = _versions(stored, puts, focal_point)
    reason = ""
    if failure:
        reason = problem_of(failure).name
        logger.error("Generating versions failed (%s).", reason, exc_info=failure)
    elif refused:
        reason = report("Storing versions", next(iter(refused.values()))).name
    return Generated(versions=versions, placeholder=placeholder, failure=reason)


class Content(_File):
    """What a storage is given: bytes, and the media type that the package knows them to have.

    Nothing that a client said of the file goes on with it, neither type nor name, and a temporary
    file is copied: it belongs to the caller, who may want to store it again.
    """

    def __init__(self, file: File[bytes], media_type: str) -> None:
        super().__init__(file, name="")
        self.content_type = media_type
        """Storages like that of django-storages take it for the object's ``Content-Type``; without
        it they would ask the client's claim or the machine's table of file names.
        """


def _put(key: str, content: Content) -> Future[str]:
    return threads.submit("transfers", _save, key, content)


def _save(key: str, content: Content) -> str:
    """Write a file, with one PUT on S3. Returns the key that the storage has chosen."""
    content.seek(0)
    return storage.storage_of(key).save(key, content)


def _require_original(put: Future[str] | None, failure: BaseException | None) -> None:
    """Raise an error if the original is not stored, because it is damaged or its PUT failed."""
    if put is None:
        raise failure or AssertionError("an original that was decoded is stored")
    if error := put.exception():
        raise _unavailable(report("Storing an original", error)) from error


def _unavailable(problem: Problem) -> StorageUnavailable:
    """The error for users, who learn no more than the name of the problem."""
    if problem.is_temporary:
        message = _("The storage is not responding, so nothing was stored. Try again later.")
    else:
        message = _(
            "The storage rejected the file (%(problem)s), so nothing was stored. An administrator "
            "must solve the problem before you can try again."
        ) % {"problem": problem.name}
    return StorageUnavailable(message, problem=problem.name)


def _versions(
    stored: Mapping[str, tuple[VersionSpec, Encoded]], puts: Puts, focal_point: FocalPoint
) -> dict[str, Version]:
    """What the row records of the stored versions, in the order of the setting."""
    versions = {
        spec.name: Version(
            key=puts[key].result(),
            width=event.size[0],
            height=event.size[1],
            byte_size=len(event.content),
            digest=spec.digest_at(focal_point),
            media_type=FORMATS[spec.format].media_type,
        )
        for key, (spec, event) in stored.items()
    }
    return {name: versions[name] for name in get_settings().version_names if name in versions}


def written(puts: Puts) -> list[str]:
    """The keys of all stored files."""
    return [put.result() for put in puts.values() if not put.exception()]


def begun(puts: Puts) -> list[str]:
    """The keys of all files that may be in the storage: a PUT reported as failed may be, too.

    Not those of a PUT that was refused, by a bucket that does not exist, for example: to delete
    them would only fail again.
    """
    keys = []
    for key, put in puts.items():
        error = put.exception()
        if error is None:
            keys.append(put.result())
        elif not problem_of(error).is_refusal:
            keys.append(key)
    return keys


def _delete_begun(puts: Puts, note: Note) -> None:
    wait(puts.values())
    delete_or_note(begun(puts), note)
