"""Regenerates the versions of many images, one image after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import router
from django.db.models import QuerySet

from django_polyimages import tasks
from django_polyimages.models import AbstractImage, Regeneration


@dataclass(frozen=True, slots=True)
class RegenerationPlan:
    """The primary keys of the images to regenerate; no row is kept in memory or locked."""

    model: type[AbstractImage]
    keys: Sequence[Any]
    """In ascending order."""
    everything: bool = False
    """Whether to regenerate versions that are up to date as well."""
    is_complete: bool = True
    """False if ``limit`` left out images, which follow after the last of ``keys``."""


def plan_regeneration(
    images: QuerySet[Any], *, everything: bool = False, after: Any = None, limit: int | None = None
) -> RegenerationPlan:
    """A plan for at most ``limit`` of ``images`` with a key greater than ``after``; one query."""
    rest = images if after is None else images.filter(pk__gt=after)
    keys = list(rest.order_by("pk").values_list("pk", flat=True)[: limit and limit + 1])
    shown = keys[:limit]
    return RegenerationPlan(images.model, shown, everything, len(shown) == len(keys))


def images_of(plan: RegenerationPlan) -> Iterator[AbstractImage]:
    """Yield the images one by one, without those deleted in the meantime."""
    for key in plan.keys:
        image = plan.model._default_manager.filter(pk=key).first()
        if image is not None:
            yield image


def regenerate(
    image: AbstractImage, *, everything: bool = False, only: Collection[str] | None = None
) -> Regeneration | None:
    """``Image.objects.regenerate()``, or None if the image was deleted in the meantime."""
    try:
        return type(image).objects.regenerate(image, everything=everything, only=only)
    except ObjectDoesNotExist:
        return None


def finish(
    image: AbstractImage, *, everything: bool = False, only: Collection[str] | None = None
) -> Regeneration | None:
    """``regenerate()`` beside workers: with a task engine, a pending image is claimed first, and
    the attempt counted, unless only a part of it, or more than it lacks, is asked for. None if it
    was deleted, or if others are at work on it.
    """
    is_queued = image.status == image.Status.PENDING and not tasks.is_inline()
    if not is_queued or everything or only is not None:
        return regenerate(image, everything=everything, only=only)
    using = router.db_for_write(type(image), instance=image)
    return type(image).generate_pending(str(image.pk), using=using)
