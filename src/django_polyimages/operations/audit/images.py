"""Images whose row or files are not in order. The inventory names them; here each is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from datetime import datetime
from typing import Final

from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage
from django_polyimages.models.pending import due_since
from django_polyimages.operations.audit.findings import AuditPlan, Finding, Kind, finding_of
from django_polyimages.operations.audit.inventory import Doubt, Inventory, SharedFile
from django_polyimages.operations.audit.tables import files_of, row_of
from django_polyimages.operations.parallel import in_parallel
from django_polyimages.operations.regeneration import finish
from django_polyimages.operations.timing import Stop, Watch, until_asked, unwatched, watched
from django_polyimages.storage.listing import sizes_of

_ATTEMPTS: Final = 3
_MENDED: Final[Set[Kind]] = frozenset(["missing_version", "wrong_size", "outdated", "pending"])


def is_suspected(image: AbstractImage, before: datetime) -> bool:
    """Whether the row itself says that something is wrong; no storage is asked."""
    return any(_of_row(image, before))


def images(
    inventory: Inventory,
    plan: AuditPlan,
    *,
    before: datetime,
    watch: Watch = unwatched,
    stop: Stop | None = None,
) -> Iterator[Finding]:
    """What is wrong with images and their files; with ``fix``, regenerate versions.

    An original that is missing or damaged is left alone, with its versions: there is no other copy.
    """

    def work(doubt: Doubt) -> list[Finding]:
        found = _examine(doubt, before)
        return _mend(doubt, found, before) if plan.fix and found else found

    looked_at = in_parallel(work, until_asked(inventory.doubts(), stop), jobs=plan.jobs)
    for found in watched(looked_at, "images examined", watch):
        yield from found


def shared_files(inventory: Inventory) -> Iterator[Finding]:
    """The files that several rows record."""
    for file in inventory.shared():
        if all(_records(row, file) for row in (file.first, file.last)):
            model, image = file.first
            others = f"{file.rows} rows record this file, among them {' '.join(file.last)}"
            yield Finding(kind="shared_file", model=model, id=image, key=file.key, detail=others)


def _records(row: tuple[str, str], file: SharedFile) -> bool:
    image = row_of(*row)
    return image is not None and file.key in image.keys


def _examine(doubt: Doubt, before: datetime) -> list[Finding]:
    """What is wrong now. A row that changed while its files were looked up is looked at again."""
    for _attempt in range(_ATTEMPTS):
        image = row_of(doubt.model, doubt.image)
        if image is None:
            return []
        found = [*_of_files(image, doubt.keys), *_of_row(image, before)]
        now = row_of(doubt.model, doubt.image) if found else image
        if now and (now.keys, now.status) == (image.keys, image.status):
            return found
    return []  # somebody is at work; the next audit will see


def _mend(doubt: Doubt, found: list[Finding], before: datetime) -> list[Finding]:
    image = row_of(doubt.model, doubt.image)
    kinds = {one.kind for one in found}
    if image is None or not kinds & _MENDED or any(one.key == image.key for one in found):
        return found
    # A file that is missing is recorded as up to date, so nothing but everything will do.
    if finish(image, everything=any(one.key for one in found)) is None:
        return []  # deleted, or somebody is at work
    left = {(one.kind, one.key) for one in _examine(doubt, before)}
    is_ready = ("failed", "") not in left
    return [replace(one, fixed=is_ready and (one.kind, one.key) not in left) for one in found]


def _of_files(image: AbstractImage, keys: Set[str]) -> Iterator[Finding]:
    for file in files_of(image):
        if file.key not in keys:
            continue
        sizes = sizes_of(file.key)
        if not sizes:
            kind: Kind = "missing_original" if file.key == image.key else "missing_version"
            yield finding_of(image, kind, "the file is not in the storage", key=file.key)
        elif file.byte_size not in sizes:
            stored = " or ".join(map(str, sorted(sizes)))
            detail = f"{stored} bytes are stored, and the row says {file.byte_size}"
            yield finding_of(image, "wrong_size", detail, key=file.key)


def _of_row(image: AbstractImage, before: datetime) -> Iterator[Finding]:
    if not image.file:
        yield finding_of(image, "missing_original", "the row names no file")
        return
    if image.status == image.Status.PENDING:
        if due_since(image) < before:
            since = due_since(image).isoformat(" ", "seconds")
            yield finding_of(image, "pending", f"since {since}")
        return
    if image.status == image.Status.FAILED:
        yield finding_of(image, "failed", image.failure_reason or "no reason is recorded")
        return
    specs = [spec.name for spec in image.outdated_specs]
    if missing := [name for name in specs if name not in image.versions]:
        yield finding_of(image, "missing_version", f"never generated: {', '.join(missing)}")
    stale = [name for name in specs if name in image.versions]
    stale += sorted(image.versions.keys() - set(get_settings().version_names))
    if stale:
        yield finding_of(image, "outdated", f"of another spec, or of none: {', '.join(stale)}")
