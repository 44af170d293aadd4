"""Writes an original and its versions to their storages; nothing else writes files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass

from django.core.files.base import ContentFile

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS
from django_polyimages.pipeline.generation import Encoded, Event, Finished
from django_polyimages.pipeline.puts import Content, Puts, unavailable
from django_polyimages.pixels.placeholders import Placeholder
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec
from django_polyimages.storage.problems import problem_of, report
from django_polyimages.versions import Version

logger = logging.getLogger("django_polyimages")
Events = Generator[Event, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The versions of one original, as the row must record them."""

    versions: dict[str, Version]
    """The stored versions by name, in the order of the setting."""
    placeholder: Placeholder
    failure: str
    """Why versions are missing; empty if all are there."""


def write(
    events: Events,
    puts: Puts,
    key_of: Callable[[VersionSpec], str],
    *,
    focal_point: FocalPoint = CENTRE,
    original: tuple[str, Content] | None = None,
) -> Generated:
    """Store the original as soon as it is decoded, and each version as soon as it is encoded.

    Returns when all work is finished or the time for the storage is up. Raises errors of the
    ``original``; the result contains errors of versions.
    """
    encoded: dict[str, tuple[VersionSpec, Encoded]] = {}
    placeholder, failure, is_decoded = Placeholder(), None, False
    with closing(events):
        for event in events:
            if isinstance(event, Encoded):
                new = {key_of(spec): (spec, event) for spec in event.specs}
                for key, (spec, _event) in new.items():
                    content = ContentFile(event.content)
                    puts.start(key, Content(content, FORMATS[spec.format].media_type))
                encoded |= new
            elif isinstance(event, Finished):
                placeholder, failure = event.placeholder, event.failure
            else:
                is_decoded = True
                if original:
                    puts.start(*original)
    if original and not is_decoded:
        raise failure or AssertionError("an original that was decoded is stored")
    puts.wait()
    refused = puts.errors()
    if original and (error := refused.get(original[0])):
        raise unavailable(report("Storing an original", error)) from error
    puts.undo(refused)
    stored = {key: one for key, one in encoded.items() if key not in refused}
    versions = _versions(stored, puts, focal_point)
    reason = ""
    if failure:
        reason = problem_of(failure).name
        logger.error("Generating versions failed (%s).", reason, exc_info=failure)
    elif refused:
        reason = report("Storing versions", next(iter(refused.values()))).name
    return Generated(versions=versions, placeholder=placeholder, failure=reason)


def _versions(
    stored: Mapping[str, tuple[VersionSpec, Encoded]], puts: Puts, focal_point: FocalPoint
) -> dict[str, Version]:
    """What the row records of the stored versions, in the order of the setting."""
    versions = {
        spec.name: Version(
            key=puts.written_key(key),
            width=event.size[0],
            height=event.size[1],
            byte_size=len(event.content),
            digest=spec.digest_at(focal_point),
            media_type=FORMATS[spec.format].media_type,
        )
        for key, (spec, event) in stored.items()
    }
    return {name: versions[name] for name in get_settings().version_names if name in versions}
