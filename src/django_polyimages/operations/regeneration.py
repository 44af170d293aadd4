"""Versions of many images are generated again, one image after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

from django_polyimages.models import AbstractImage, Regeneration


@dataclass(frozen=True, slots=True)
class RegenerationPlan:
    """The images to be regenerated, by key; no row is held in memory or locked."""

    model: type[AbstractImage]
    keys: Sequence[Any]
    """Ascending."""
    everything: bool = False
    """Whether versions that are up to date are generated again too."""
    is_complete: bool = True
    """False where a ``limit`` left out images; they follow the last of ``keys``."""


def plan_regeneration(
    images: QuerySet[Any], *, everything: bool = False, after: Any = None, limit: int | None = None
) -> RegenerationPlan:
    """Those of ``images`` whose key is greater than ``after``, at most ``limit``: one query."""
    rest = images if after is None else images.filter(pk__gt=after)
    keys = list(rest.order_by("pk").values_list("pk", flat=True)[: limit and limit + 1])
    shown = keys[:limit]
    return RegenerationPlan(images.model, shown, everything, len(shown) == len(keys))


def images_of(plan: RegenerationPlan) -> Iterator[AbstractImage]:
    """The images one by one; those deleted meanwhile are left out."""
    for key in plan.keys:
        image = plan.model._default_manager.filter(pk=key).first()
        if image is not None:
            yield image


def regenerate(image: AbstractImage, *, everything: bool = False) -> Regeneration | None:
    """``Image.objects.regenerate()``, but None where the image was deleted meanwhile."""
    try:
        return type(image).objects.regenerate(image, everything=everything)
    except ObjectDoesNotExist:
        return None
