"""Reads originals again, not faster than it is told to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import File

from django_polyimages import storage
from django_polyimages.models import AbstractImage
from django_polyimages.operations.audit.findings import AuditPlan, Finding, finding_of
from django_polyimages.operations.audit.tables import image_tables, row_of
from django_polyimages.operations.pages import pages
from django_polyimages.operations.timing import Pace, Stop, Watch, until_asked, unwatched, watched
from django_polyimages.pixels.position import has_position
from django_polyimages.storage.listing import CannotList, asking, sizes_of

_READ = ("file", "sha256")
_MEGABYTE = 1_000_000


def originals(
    plan: AuditPlan, watch: Watch = unwatched, stop: Stop | None = None
) -> Iterator[Finding]:
    """With ``verify``, originals with another SHA-256; with ``privacy``, how many have a position.

    An original that is missing is not named again.
    """
    stop = Stop() if stop is None else stop
    pace, number, positions = Pace(plan.rate * _MEGABYTE, stop.sleep), 0, 0
    for image in watched(until_asked(_images(), stop), "originals read", watch):
        try:
            with _opened(image.key) as file:
                number += 1
                positions += plan.privacy and has_position(file)
                digest = _sha256(file, pace) if plan.verify else image.sha256
        except FileNotFoundError:
            continue
        except CannotList as error:
            sizes_of(image.key)  # raises it again if the storage does not answer at all
            yield _damaged(image, f"the original cannot be read: {error}")
            continue
        if digest != image.sha256 and _is_still_wrong(image, pace):
            detail = "the SHA-256 of the stored file is not that of the uploaded one"
            yield _damaged(image, detail)
    if plan.privacy and not stop.is_asked:
        detail = f"{positions} of {number} originals carry a position"
        yield Finding(kind="position", detail=detail)


def _images() -> Iterator[AbstractImage]:
    for table in image_tables():
        if table.is_in_use:
            for page in pages(table.rows().only(*_READ)):
                yield from page


@contextmanager
def _opened(key: str) -> Iterator[File[bytes]]:
    with asking(storage.storage_of(key)), storage.open_original(key) as file:
        yield file


def _sha256(file: File[bytes], pace: Pace) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
        pace.spend(len(chunk))
    return digest.hexdigest()


def _is_still_wrong(image: AbstractImage, pace: Pace) -> bool:
    now = row_of(image._meta.label, str(image.pk))
    if now is None:
        return False
    try:
        with _opened(now.key) as file:
            return _sha256(file, pace) != now.sha256
    except FileNotFoundError:
        return False


def _damaged(image: AbstractImage, detail: str) -> Finding:
    return finding_of(image, "checksum", detail, key=image.key)
