"""Makes many images pending, for the workers of the task engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import QuerySet

from django_polyimages import tasks
from django_polyimages.conf import get_settings
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.joins.metadata import database_for_writing
from django_polyimages.models.pending import generate_after_commit

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage

AT_ONCE: Final = 1000
"""Images in one transaction, and in one job."""
_READ: Final = ["status", "versions", "focal_x", "focal_y"]


def enqueue(images: QuerySet[Any], *, everything: bool) -> int:
    """See ``ImageQuerySet.enqueue()``."""
    using = database_for_writing(images)
    keys = list(images.using(using).values_list("pk", flat=True))
    number = 0
    for first in range(0, len(keys), AT_ONCE):
        some = keys[first : first + AT_ONCE]
        work = partial(_enqueue, images.model, some, everything=everything, using=using)
        number += again_after_deadlock(work, using=using)
    return number


def _enqueue(
    model: type[AbstractImage], keys: Sequence[Any], *, everything: bool, using: str
) -> int:
    rows = model._base_manager.using(using)
    with transaction.atomic(using=using):
        locked = rows.filter(pk__in=keys).order_by("pk").select_for_update().only(*_READ)
        images = [image for image in locked if everything or _is_unfinished(image)]
        if not images:
            return 0
        if everything:
            for image in images:
                _outdate(image)
            rows.bulk_update(images, ["versions"])
        images[0].await_versions()
        names = ("status", "attempts", "next_attempt_at")
        same = {name: getattr(images[0], name) for name in names}
        rows.filter(pk__in=[image.pk for image in images]).update(**same)
        _generate_after_commit(images, using)
    return len(images)


def _is_unfinished(image: AbstractImage) -> bool:
    """Whether there is anything to generate, or to remove: a version without a spec."""
    has_obsolete = image.versions.keys() - set(get_settings().version_names)
    return image.status != image.Status.READY or bool(image.outdated_specs or has_obsolete)


def _outdate(image: AbstractImage) -> None:
    """Let no version be of a spec, so that a worker replaces all; they are shown until then."""
    for version in image.versions.values():
        version["digest"] = ""


def _generate_after_commit(images: Sequence[AbstractImage], using: str) -> None:
    if len(images) == 1 or tasks.is_inline():
        for image in images:
            generate_after_commit(image, using=using)
        return
    keys = [str(image.pk) for image in images]
    label = images[0]._meta.label_lower
    tasks.enqueue_after_commit(tasks.GENERATE_MANY, label, keys, using, using=using)
