"""Tells the host how the generation of versions ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from django_polyimages.signals import image_failed, image_ready

if TYPE_CHECKING:
    from django_polyimages.models.images import AbstractImage


def announce_after_commit(image: AbstractImage, *, using: str) -> None:
    """Send ``image_ready`` or ``image_failed`` after the commit, by the status of ``image``."""
    signals = {image.Status.READY.value: image_ready, image.Status.FAILED.value: image_failed}
    signal = signals.get(image.status)
    if signal is None or not signal.has_listeners(type(image)):
        return

    def announce() -> None:  # not a partial: Django needs the name of a robust callback
        signal.send_robust(type(image), image=image)

    transaction.on_commit(announce, using=using, robust=True)
