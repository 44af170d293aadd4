"""Regenerates the versions of many images, one image after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

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
