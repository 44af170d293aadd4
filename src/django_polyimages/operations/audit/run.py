"""One pass over the storages and one over the tables, and then what differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.core.files.storage import Storage
from django.utils import timezone

from django_polyimages.conf import get_settings
from django_polyimages.models import FileDeletion
from django_polyimages.operations.audit.findings import AuditPlan, Finding
from django_polyimages.operations.audit.images import images, is_suspected, shared_files
from django_polyimages.operations.audit.inventory import Inventory
from django_polyimages.operations.audit.originals import originals
from django_polyimages.operations.audit.orphans import orphans
from django_polyimages.operations.audit.relations import dangling_relations, second_covers
from django_polyimages.operations.audit.tables import (
    ImageTable,
    databases,
    files_of,
    image_tables,
)
from django_polyimages.operations.pages import pages
from django_polyimages.operations.timing import Stop, Watch, until_asked, unwatched, watched
from django_polyimages.storage import get_original_storage, get_storage
from django_polyimages.storage.keys import is_original
from django_polyimages.storage.listing import CannotList, StoredFile, list_files

_READ = (
    *("file", "byte_size", "versions", "focal_x", "focal_y"),
    *("status", "updated_at", "next_attempt_at"),
)
_MANY: Final = 50
"""So many files are not all missing by accident."""
_EMPTY: Final = (
    "The storage holds no file at all, although rows record {:,} files. Is its disk mounted, and "
    "is it the right one? If the files are really lost, run polyimages_generate --all."
)


def audit(plan: AuditPlan, watch: Watch = unwatched, stop: Stop | None = None) -> Iterator[Finding]:
    """Compare the storages with the tables, and yield what is not in order, mended with ``fix``.

    Safe while the site is live: each finding is checked again before it is yielded. May be stopped
    at any time and started again; nothing is kept in between. Memory does not depend on the number
    of files or rows. Raises ``CannotList`` if a storage cannot list its files or does not answer.

    Ends soon when ``stop`` is asked. When only its time is up, this ends after the next finding: a
    list of files that was never compared would have to be read again.
    """
    stop = Stop() if stop is None else stop
    for finding in _findings(plan, watch, stop):
        yield finding
        if stop.is_due:
            return


def _findings(plan: AuditPlan, watch: Watch, stop: Stop) -> Iterator[Finding]:
    started = timezone.now()
    before = started - plan.grace
    with Inventory() as inventory:
        # First the storages, then the tables: a row is inserted after its files.
        _list_versions(inventory, watch, stop)
        is_empty = not inventory.stored
        _list_originals(inventory, watch, stop)
        _read_tables(inventory, before, watch, stop)
        if stop.is_asked:
            return  # what was not listed would be taken for missing
        if plan.fix and is_empty and (recorded := inventory.recorded) >= _MANY:
            raise CannotList(_EMPTY.format(recorded))
        inventory.compare()
        yield from orphans(inventory, plan, started=started, stop=stop)
        yield from images(inventory, plan, before=before, watch=watch, stop=stop)
        yield from until_asked(shared_files(inventory), stop)
    yield from dangling_relations(plan, stop)
    yield from until_asked(second_covers(plan), stop)
    if (plan.verify or plan.privacy) and not stop.is_asked:
        yield from originals(plan, watch, stop)


def _list_versions(inventory: Inventory, watch: Watch, stop: Stop) -> None:
    inventory.add_stored(_listed(get_storage(), watch, stop))


def _list_originals(inventory: Inventory, watch: Watch, stop: Stop) -> None:
    if (private := get_original_storage()) is not get_storage():
        files = _listed(private, watch, stop)
        inventory.add_stored(one for one in files if is_original(one.key))


def _listed(backend: Storage, watch: Watch, stop: Stop) -> Iterator[StoredFile]:
    files = until_asked(list_files(backend, get_settings().upload_prefix), stop)
    return watched(files, "files listed", watch)


def _read_tables(inventory: Inventory, before: datetime, watch: Watch, stop: Stop) -> None:
    for table in image_tables():
        if table.is_in_use:
            _read_images(inventory, table, before, watch, stop)
        else:
            for page in until_asked(pages(table.rows().only("file", "versions")), stop):
                inventory.add_spared(key for image in page for key in image.keys)
    for using in databases():
        for page in until_asked(pages(FileDeletion.objects.using(using).only("keys")), stop):
            inventory.add_spared(key for deletion in page for key in deletion.keys)


def _read_images(
    inventory: Inventory, table: ImageTable, before: datetime, watch: Watch, stop: Stop
) -> None:
    for page in until_asked(pages(table.rows().only(*_READ)), stop):
        watch("rows read", len(page))
        inventory.add_recorded(file for image in page for file in files_of(image))
        suspected = (str(image.pk) for image in page if is_suspected(image, before))
        inventory.add_suspected(table.model._meta.label, suspected)
