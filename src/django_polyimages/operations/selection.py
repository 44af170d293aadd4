"""Which images have versions to generate, and why. Only rows are read; no storage is asked."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from django_polyimages.accessors import get_image_model
from django_polyimages.conf import get_settings
from django_polyimages.models import AbstractImage
from django_polyimages.models.pending import due_since
from django_polyimages.models.regeneration import unknown_versions
from django_polyimages.operations.pages import pages
from django_polyimages.operations.timing import Stop

Reason = Literal["missing", "stale", "removed", "failed", "pending", "all"]
"""Why an image is selected:

``missing``: it lacks a version that has a spec. ``stale``: a version was generated from another
spec, or for another focal point. ``removed``: the spec of a version is gone. ``failed`` and
``pending``: its status. ``all``: everything was asked for.
"""
REASONS: Final[Set[Reason]] = frozenset(get_args(Reason)) - {"all"}
GRACE: Final = timedelta(minutes=10)
"""How long an image is left to who made it ``pending``."""
_READ: Final = (
    *("file", "byte_size", "width", "height", "focal_x", "focal_y"),
    *("versions", "status", "updated_at", "next_attempt_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which images to look at, and what for.

    Raises ``ValueError`` for a version that no spec has.
    """

    reasons: Set[Reason] = REASONS
    everything: bool = False
    """Whether to take versions that are up to date as well; ``reasons`` do not matter then."""
    only: Set[str] = frozenset()
    """The names of the versions to generate; all if it is empty."""
    organization: Any = None
    """The primary key of the organization, or None for all."""
    since: datetime | None = None
    """Leaves out older images, by ``created_at``."""
    grace: timedelta = GRACE
    """Leaves out ``pending`` images that have been due for less long: somebody is at work."""
    started: datetime = field(default_factory=timezone.now)
    """Images uploaded later are left out."""

    def __post_init__(self) -> None:
        if unknown := self.only - set(get_settings().version_names):
            raise ValueError(unknown_versions(unknown))

    @property
    def names(self) -> Set[str]:
        """The versions to generate."""
        return self.only or frozenset(get_settings().version_names)


@dataclass(frozen=True, slots=True)
class Selected:
    """An image with something to do."""

    pk: Any
    reasons: Set[Reason]
    names: Set[str]
    """The versions to generate. Without any, the row is written and no original is read."""


def rows_of(selection: Selection) -> QuerySet[Any]:
    """The rows to look at, whatever the default manager of a host hides."""
    model = get_image_model()
    rows: QuerySet[Any] = model._base_manager.using(router.db_for_write(model))
    rows = rows.filter(created_at__lte=selection.started)
    if selection.organization is not None:
        rows = rows.filter(organization=selection.organization)
    if selection.since is not None:
        rows = rows.filter(created_at__gte=selection.since)
    return rows


def look_at(
    selection: Selection, stop: Stop | None = None
) -> Iterator[tuple[AbstractImage, Selected | None]]:
    """Every image, and what there is to do, if anything.

    An image is empty after its page; see ``pages``.
    """
    stop = Stop() if stop is None else stop
    for page in _pages(selection):
        for image in page:
            if stop.is_due:
                return
            yield image, _select(image, selection)


def _pages(selection: Selection) -> Iterator[list[Any]]:
    """In the order of the primary key. Where only pending images are wanted, only those that are
    due, and in another order: PostgreSQL would go through a large table in the order of the key.
    """
    rows = rows_of(selection).only(*_READ)
    if selection.everything or selection.reasons != {"pending"}:
        yield from pages(rows)
        return
    due, pending = selection.started - selection.grace, rows.filter(status="pending")
    yield from pages(pending.filter(next_attempt_at__lte=due), by="next_attempt_at")
    yield from pages(pending.filter(next_attempt_at=None, updated_at__lte=due), by="updated_at")


def _select(image: AbstractImage, selection: Selection) -> Selected | None:
    if selection.everything:
        return Selected(image.pk, frozenset(["all"]), selection.names)
    is_pending = image.status == image.Status.PENDING
    if is_pending and due_since(image) > selection.started - selection.grace:
        return None
    found = _versions_by_reason(image, selection)
    reasons = found.keys() & selection.reasons
    names = frozenset[str]().union(*(found[reason] for reason in reasons))
    return Selected(image.pk, reasons, names) if reasons else None


def _versions_by_reason(image: AbstractImage, selection: Selection) -> dict[Reason, Set[str]]:
    outdated = {spec.name for spec in image.outdated_specs} & selection.names
    found: dict[Reason, Set[str]] = {}
    if missing := outdated - image.versions.keys():
        found["missing"] = missing
    if stale := outdated - missing:
        found["stale"] = stale
    # Without any, the row is not finished although nothing has to be generated.
    if outdated or not selection.only:
        if image.status == image.Status.FAILED:
            found["failed"] = outdated
        if image.status == image.Status.PENDING:
            found["pending"] = outdated
    if not selection.only and image.versions.keys() - selection.names:
        found["removed"] = frozenset()
    return found
