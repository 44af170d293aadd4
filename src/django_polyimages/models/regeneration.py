"""Regenerates versions that are missing or outdated."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils.translation import gettext as _

from django_polyimages.conf import get_settings
from django_polyimages.errors import Busy, StorageUnavailable
from django_polyimages.models.announcements import announce_after_commit
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.pipeline import store
from django_polyimages.pipeline.writing import Generated

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django_polyimages.models.images import AbstractImage
    from django_polyimages.specs import VersionSpec

_ATTEMPTS = 3
RECORDED = frozenset(["versions", "status", "failure_reason", "dominant_color", "placeholder"])
"""The columns that a regeneration writes."""
QUEUED = frozenset(["attempts", "next_attempt_at"])
"""The columns that say when a pending image is tried again."""
_READ = ["file", "width", "height", "focal_x", "focal_y", *RECORDED]


@dataclass(frozen=True, slots=True)
class Regeneration:
    """The result of regenerating versions."""

    generated: Sequence[str]
    """The names of the new versions."""
    failure: str = ""
    """Why versions are still missing or outdated; empty where none is."""
    is_busy: bool = False
    """Whether it was not tried, because too many other images are being processed."""

    @property
    def is_timeout(self) -> bool:
        """Whether the storage did not answer in time, as it would not for other images now."""
        return self.failure == TimeoutError.__name__


class _Overtaken(Exception):
    """Another worker has changed the image, so the generated versions are outdated."""


def regenerate(
    image: AbstractImage,
    *,
    using: str,
    everything: bool = False,
    only: Collection[str] | None = None,
    is_tried_again: bool = False,
) -> Regeneration:
    """Update the versions of ``image`` in the storage and in the row to the current specs.

    See ``ImageManager.regenerate``. No row is locked while versions are generated. Instead, the row
    is compared before it is written: if another worker was faster, the result is discarded and the
    work starts again. If it ``is_tried_again`` after a failure, the image stays pending.
    """
    if unknown := set(only or ()) - set(get_settings().version_names):
        raise ValueError(unknown_versions(unknown))
    for _attempt in range(_ATTEMPTS):
        image.refresh_from_db(using=using, fields=_READ)
        outdated = image.outdated_specs
        specs = get_settings().versions if everything else outdated
        specs = [spec for spec in specs if only is None or spec.name in only]
        is_finished = image.status == image.Status.READY or outdated
        if not specs and not _obsolete(image) and is_finished:
            return Regeneration([])
        try:
            return _regenerate(image, specs, using, is_tried_again=is_tried_again)
        except Busy as error:
            return Regeneration([], failure=str(error), is_busy=True)
        except StorageUnavailable as error:
            return Regeneration([], failure=error.problem or str(error))
        except _Overtaken:
            continue
    return Regeneration([], failure=_("Another process is changing this image; try again later."))


def unknown_versions(names: Collection[str]) -> str:
    """The message for names that no spec has."""
    there = ", ".join(get_settings().version_names)
    return f"VERSIONS has no {', '.join(map(repr, sorted(names)))}; choose from {there}."


def regenerate_after_commit(image: AbstractImage, *, using: str) -> None:
    """Regenerate after the commit of the current transaction.

    A failure is logged, and the versions are still outdated.
    """

    def catch_up() -> None:  # not a partial: Django needs the name of a robust callback
        with suppress(ObjectDoesNotExist):  # deleted before the commit
            now = type(image)._base_manager.using(using).get(pk=image.pk)
            regenerate(now, using=using)
            for name in RECORDED | QUEUED:  # and no other: the caller may have changed them since
                setattr(image, name, getattr(now, name))

    transaction.on_commit(catch_up, using=using, robust=True)


def _regenerate(
    image: AbstractImage, specs: Sequence[VersionSpec], using: str, *, is_tried_again: bool
) -> Regeneration:
    owner = image.organization_id
    note = FileDeletion.objects.db_manager(using).note
    work = store.regenerate(
        image.key, specs, image.focal_point, using=using, owner=owner, note=note
    )
    with work as generated:
        record = partial(_record, image, generated, using, is_tried_again=is_tried_again)
        again_after_deadlock(record, using=using)
    return Regeneration(list(generated.versions), generated.failure)


def _record(image: AbstractImage, new: Generated, using: str, *, is_tried_again: bool) -> None:
    """Save the row if it has not changed since the start; delete old files after the commit."""
    rows = type(image)._base_manager.using(using)
    with transaction.atomic(using=using):
        now = rows.select_for_update().get(pk=image.pk)
        if (now.versions, now.focal_point) != (image.versions, image.focal_point):
            raise _Overtaken
        gone = _obsolete(image) | (new.versions.keys() & image.versions.keys())
        old_keys = [image.versions[name].key for name in gone]
        kept = {name: one for name, one in image.versions.items() if name not in gone}
        image.record_versions({**kept, **new.versions}, new.failure)
        changed = RECORDED
        if new.placeholder.color:
            image.dominant_color = new.placeholder.color
            image.placeholder = new.placeholder.data_uri
        if image.status == image.Status.FAILED and is_tried_again:
            image.status = image.Status.PENDING
        if image.status != image.Status.PENDING:
            image.attempts, image.next_attempt_at = 0, None
            changed |= QUEUED
        rows.filter(pk=image.pk).update(**{name: getattr(image, name) for name in changed})
        announce_after_commit(image, using=using)
        FileDeletion.objects.db_manager(using).schedule([old_keys], original=image.key)


def _obsolete(image: AbstractImage) -> set[str]:
    """The names of versions without a spec."""
    return image.versions.keys() - set(get_settings().version_names)
