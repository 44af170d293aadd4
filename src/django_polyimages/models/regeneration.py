"""Versions that are missing or outdated are generated again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils.translation import gettext as _

from django_polyimages.conf import get_settings
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.pipeline import store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django_polyimages.models.images import AbstractImage
    from django_polyimages.specs import VersionSpec
    from django_polyimages.versions import Version

_ATTEMPTS = 3
_READ = ["file", "width", "height", "focal_x", "focal_y", "versions", "status", "failure_reason"]


@dataclass(frozen=True, slots=True)
class Regeneration:
    """What came of generating versions again."""

    made: Sequence[str]
    """The names of the versions that are new."""
    failure: str = ""
    """Why versions are still missing or outdated; empty where none is."""


class _Overtaken(Exception):
    """Another worker has changed the image meanwhile, so what was generated is outdated."""


def regenerate(image: AbstractImage, *, using: str, everything: bool = False) -> Regeneration:
    """Bring the versions of ``image``, in the storage and in the row, to what the settings say.

    See ``ImageManager.regenerate``. No row is locked while pixels are worked on: the row is
    compared before it is written, and where another worker was faster the result is thrown away
    and the image looked at anew.
    """
    for _attempt in range(_ATTEMPTS):
        image.refresh_from_db(using=using, fields=_READ)
        specs = get_settings().versions if everything else image.outdated_specs
        if not specs and not _obsolete(image) and image.status == image.Status.READY:
            return Regeneration([])
        with suppress(_Overtaken):
            return _regenerate(image, specs, using)
    return Regeneration([], failure=_("Others are changing this image; try again later."))


def regenerate_after_commit(image: AbstractImage, *, using: str) -> None:
    """Regenerate once the transaction around the caller has committed.

    What fails then is logged, and the versions are outdated for all to see.
    """

    def catch_up() -> None:  # no partial: Django asks a robust callback for its name
        with suppress(ObjectDoesNotExist):  # deleted before the commit
            regenerate(image, using=using)

    transaction.on_commit(catch_up, using=using, robust=True)


def _regenerate(image: AbstractImage, specs: Sequence[VersionSpec], using: str) -> Regeneration:
    if not specs:
        _record(image, {}, "", using)
        return Regeneration([])
    with store.regenerate(image.key, specs, image.focal_point, using=using) as generated:
        _record(image, generated.versions, generated.failure, using)
    return Regeneration(list(generated.versions), generated.failure)


def _record(image: AbstractImage, new: Mapping[str, Version], failure: str, using: str) -> None:
    """Write the row, if nobody has changed it meanwhile; old files go after the commit."""
    rows = type(image)._base_manager.using(using)
    with transaction.atomic(using=using):
        now = rows.select_for_update().get(pk=image.pk)
        if (now.versions, now.focal_point) != (image.versions, image.focal_point):
            raise _Overtaken
        gone = _obsolete(image) | (new.keys() & image.versions.keys())
        old_keys = [image.versions[name].key for name in gone]
        kept = {name: one for name, one in image.versions.items() if name not in gone}
        image.record_versions({**kept, **new}, failure)
        rows.filter(pk=image.pk).update(
            versions=image.versions, status=image.status, failure_reason=image.failure_reason
        )
        FileDeletion.objects.db_manager(using).schedule([old_keys] if old_keys else [])


def _obsolete(image: AbstractImage) -> set[str]:
    """The names of versions that no spec asks for any more."""
    return image.versions.keys() - set(get_settings().version_names)
