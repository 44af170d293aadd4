"""Making versions again: of images whose versions are missing, or made by another spec."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from django_polyimages.conf import get_settings
from django_polyimages.models.deletions import FileDeletion
from django_polyimages.pipeline import store
from django_polyimages.pipeline.store import RemadeVersions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_polyimages.models.images import AbstractImage
    from django_polyimages.specs import VersionSpec

_ATTEMPTS = 3
_READ = ["file", "width", "height", "focal_x", "focal_y", "versions", "status", "failure_reason"]


@dataclass(frozen=True, slots=True)
class Regeneration:
    """What came of making versions again."""

    made: Sequence[str]
    """The names of the versions that are new."""
    failure: str = ""
    """Why versions are still missing or outdated; empty where all are as they should be."""


class _Overtaken(Exception):
    """Somebody else has changed the image meanwhile: what we made is outdated."""


def regenerate(image: AbstractImage, *, using: str, everything: bool) -> Regeneration:
    """Bring the versions of ``image``, in the storage and in the row, to what the settings say.

    See ``ImageManager.regenerate``. Nobody is kept waiting while pixels are worked on: the row is
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


def _regenerate(image: AbstractImage, specs: Sequence[VersionSpec], using: str) -> Regeneration:
    if not specs:
        _record(image, RemadeVersions(versions={}, failure=""), using)
        return Regeneration([])
    with store.remake(image.key, specs, image.focal_point, using=using) as remade:
        _record(image, remade, using)
    return Regeneration(list(remade.versions), remade.failure)


def _record(image: AbstractImage, remade: RemadeVersions, using: str) -> None:
    """Write the row, if it is still the one that we started from; old files go after the commit."""
    rows = type(image)._base_manager.using(using)
    with transaction.atomic(using=using):
        now = rows.select_for_update().get(pk=image.pk)
        if (now.versions, now.focal_point) != (image.versions, image.focal_point):
            raise _Overtaken
        gone = _obsolete(image) | (remade.versions.keys() & image.versions.keys())
        old_keys = [image.versions[name].key for name in gone]
        kept = {name: one for name, one in image.versions.items() if name not in gone}
        image.record_versions(kept | remade.versions, remade.failure)
        rows.filter(pk=image.pk).update(
            versions=image.versions, status=image.status, failure_reason=image.failure_reason
        )
        FileDeletion.objects.db_manager(using).schedule([old_keys] if old_keys else [])


def _obsolete(image: AbstractImage) -> set[str]:
    """The names of versions that no spec asks for any more."""
    return image.versions.keys() - set(get_settings().version_names)
