"""One pass over the storages and one over the tables, and then what differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

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
from django_polyimages.operations.timing import Watch, unwatched, watched
from django_polyimages.storage import get_original_storage, get_storage
from django_polyimages.storage.keys import is_original
from django_polyimages.storage.listing import list_files

_READ = ("file", "byte_size", "versions", "status", "updated_at", "focal_x", "focal_y")


def audit(plan: AuditPlan, watch: Watch = unwatched) -> Iterator[Finding]:
    """Compare the storages with the tables, and yield what is not in order, mended with ``fix``.

    Safe while the site is live: each finding is checked again before it is yielded. May be stopped
    at any time and started again; nothing is kept in between. Memory does not depend on the number
    of files or rows. Raises ``CannotList`` if a storage cannot list its files or does not answer.
    """
    started = timezone.now()
    before = started - plan.grace
    with Inventory() as inventory:
        _list_storages(inventory, watch)
        _read_tables(inventory, before, watch)
        inventory.compare()
        yield from orphans(inventory, plan, started=started)
        yield from images(inventory, plan, before=before, watch=watch)
        yield from shared_files(inventory)
    yield from dangling_relations(plan)
    yield from second_covers(plan)
    if plan.verify or plan.privacy:
        yield from originals(plan, watch)


def _list_storages(inventory: Inventory, watch: Watch) -> None:
    """First the storages, then the tables: a row is inserted after its files."""
    prefix = get_settings().upload_prefix
    versions, private = get_storage(), get_original_storage()
    inventory.add_stored(watched(list_files(versions, prefix), "files listed", watch))
    if private is not versions:
        files = watched(list_files(private, prefix), "files listed", watch)
        inventory.add_stored(one for one in files if is_original(one.key))


def _read_tables(inventory: Inventory, before: datetime, watch: Watch) -> None:
    for table in image_tables():
        if table.is_in_use:
            _read_images(inventory, table, before, watch)
        else:
            for page in pages(table.rows().only("file", "versions")):
                inventory.add_spared(key for image in page for key in image.keys)
    for using in databases():
        for page in pages(FileDeletion.objects.using(using).only("keys")):
            inventory.add_spared(key for deletion in page for key in deletion.keys)


def _read_images(inventory: Inventory, table: ImageTable, before: datetime, watch: Watch) -> None:
    for page in pages(table.rows().only(*_READ)):
        watch("rows read", len(page))
        inventory.add_recorded(file for image in page for file in files_of(image))
        suspected = (str(image.pk) for image in page if is_suspected(image, before))
        inventory.add_suspected(table.model._meta.label, suspected)
