"""Files without a row: what killed uploads and regenerations left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from django_polyimages.conf import get_settings
from django_polyimages.models import FileDeletion
from django_polyimages.models.ownership import keys_in_use
from django_polyimages.operations.audit.findings import AuditPlan, Finding
from django_polyimages.operations.audit.inventory import Inventory
from django_polyimages.operations.audit.tables import databases, parts
from django_polyimages.operations.timing import Stop, until_asked
from django_polyimages.pipeline import threads
from django_polyimages.pipeline.deleting import delete_files
from django_polyimages.storage.keys import may_belong_to
from django_polyimages.storage.listing import sizes_of

_AT_ONCE: Final = 500
_CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of two servers may differ."""


def orphans(
    inventory: Inventory, plan: AuditPlan, *, started: datetime, stop: Stop | None = None
) -> Iterator[Finding]:
    """The files that no row records and nobody is going to delete; with ``fix``, delete them."""
    prefix = get_settings().upload_prefix
    found = inventory.unrecorded(before=started - plan.grace)
    own = (key for key in found if may_belong_to(key, prefix))
    for some in until_asked(parts(own, _AT_ONCE), stop):
        left = _still_there(_without_row(some, started))
        failures = delete_files(left) if plan.fix and left else {}
        for key in left:
            reason = f"; not deleted: {failures[key]}" if key in failures else ""
            yield Finding(
                kind="orphan",
                key=key,
                detail=f"no row records this file{reason}",
                fixed=plan.fix and key not in failures,
            )


def _without_row(keys: Sequence[str], started: datetime) -> list[str]:
    """Those of ``keys`` that no row has now. The table was read before, and the site is live."""
    prefix = get_settings().upload_prefix
    originals = {one for key in keys for one in may_belong_to(key, prefix)}
    used: set[str] = set()
    for using in databases():
        used |= keys_in_use(originals, using=using)
        used |= _waiting(originals, started, using)
    return [key for key in keys if key not in used]


def _waiting(originals: set[str], started: datetime, using: str) -> set[str]:
    """The keys of deletions that are recorded since the audit started, or for these originals."""
    deletions = FileDeletion.objects.using(using).filter(
        Q(created_at__gte=started - _CLOCKS) | Q(original__in=originals)
    )
    return {key for keys in deletions.values_list("keys", flat=True) for key in keys}


def _still_there(keys: Sequence[str]) -> list[str]:
    asked = [(key, threads.submit("transfers", sizes_of, key)) for key in keys]
    return [key for key, sizes in asked if sizes.result()]
