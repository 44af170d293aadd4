"""Images that wait for their versions: the queue of the task engine.

A worker claims a row before it works on it. The claim ends by itself, so that a killed worker does
not keep it, and counts the attempts, so that a file that kills its worker is not tried for ever.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from django_polyimages import tasks
from django_polyimages.conf import get_settings
from django_polyimages.models.announcements import announce_after_commit
from django_polyimages.models.deadlocks import again_after_deadlock
from django_polyimages.models.deletions import wait_after
from django_polyimages.models.regeneration import (
    Regeneration,
    regenerate,
    regenerate_after_commit,
)

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage

CLAIM: Final = timedelta(minutes=15)
"""How long an image belongs to who claimed it: longer than generating its versions takes."""
CLOCKS: Final = timedelta(minutes=1)
"""How far apart the clocks of requests and workers may be."""
LOST: Final = "WorkerLost"
"""The reason of images whose last worker ended without a result."""

ImageT = TypeVar("ImageT", bound="AbstractImage")


def due_from() -> datetime:
    """When others may work on an image that becomes pending now: with a task engine at once, else
    when the request that generates its versions must have been killed.
    """
    return timezone.now() + (CLAIM if tasks.is_inline() else timedelta())


def generate_after_commit(image: AbstractImage, *, using: str) -> None:
    """Generate the versions of a pending image after the commit, or let a worker do it."""
    if tasks.is_inline():
        regenerate_after_commit(image, using=using)
        return
    label = type(image)._meta.label_lower
    tasks.enqueue_after_commit(tasks.GENERATE, label, str(image.pk), using, using=using)


def due(images: QuerySet[ImageT]) -> QuerySet[ImageT]:
    """The images that wait for their versions and that nobody works on."""
    is_due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
    return images.filter(is_due, status=images.model.Status.PENDING)


def due_since(image: AbstractImage) -> datetime:
    """Since when, or from when, a pending image is due."""
    return image.next_attempt_at or image.updated_at


def generate_pending(model: type[AbstractImage], key: Any, *, using: str) -> Regeneration | None:
    """Generate the versions of the image ``key`` if it is due; None if it is not, or if it is
    deleted meanwhile.

    After a failure it stays pending until the next attempt, which is longer and longer away. After
    the last one of ``TASK_ATTEMPTS`` it is ``failed``.
    """
    with suppress(ObjectDoesNotExist):
        rows = model._base_manager.using(using).filter(pk=key)
        return _generate_claimed(rows, using) if _claim(rows, using) else _give_up(rows, using)
    return None


def _claim(rows: QuerySet[Any], using: str) -> bool:
    now = timezone.now()
    # A worker whose clock is behind gets the only job of a new image before it is due there.
    is_new = Q(attempts=0, next_attempt_at__lte=now + CLOCKS, status=rows.model.Status.PENDING)
    free = (due(rows) | rows.filter(is_new)).filter(attempts__lt=get_settings().task_attempts)
    claim = partial(free.update, attempts=F("attempts") + 1, next_attempt_at=now + CLAIM)
    return bool(again_after_deadlock(claim, using=using))


def _generate_claimed(rows: QuerySet[Any], using: str) -> Regeneration:
    image = rows.get()
    attempts = image.attempts
    result = regenerate(image, using=using, is_tried_again=not _is_last(attempts))
    if result.is_busy:  # nothing was tried, so this was no attempt
        mine = rows.filter(attempts=attempts, status=image.Status.PENDING)
        free = partial(mine.update, attempts=attempts - 1, next_attempt_at=timezone.now())
        again_after_deadlock(free, using=using)
    elif result.failure:
        _settle(image, attempts, result.failure, using)
    return result


def _give_up(rows: QuerySet[Any], using: str) -> Regeneration | None:
    """An image is due, but has no attempt left: every worker that tried it was killed."""
    for image in due(rows).filter(attempts__gte=get_settings().task_attempts):
        reason = image.failure_reason or LOST
        _settle(image, image.attempts, reason, using)
        return Regeneration([], failure=reason)
    return None


def _settle(image: AbstractImage, attempts: int, reason: str, using: str) -> None:
    """Record a failed attempt, unless the image was changed meanwhile and so begins again."""
    is_last = _is_last(attempts)
    mine = type(image)._base_manager.using(using).filter(pk=image.pk, attempts=attempts)
    change = partial(
        mine.filter(status=image.Status.PENDING).update,
        status=image.Status.FAILED if is_last else image.Status.PENDING,
        failure_reason=reason,
        next_attempt_at=None if is_last else timezone.now() + wait_after(attempts),
    )
    if again_after_deadlock(change, using=using) and is_last:
        image.refresh_from_db(using=using)
        announce_after_commit(image, using=using)


def _is_last(attempts: int) -> bool:
    return attempts >= get_settings().task_attempts
