"""What a host may listen to."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["image_failed", "image_ready"]

image_ready = Signal()
"""All versions of ``image`` are there. Sent after the commit by whoever has generated them: the
request, a worker or a command. Arguments: ``sender``, the image model, and ``image``.
"""
image_failed = Signal()
"""Versions of ``image`` are missing for good: ``image.failure_reason`` says why. Sent like
``image_ready``; with a task engine after the last attempt (``TASK_ATTEMPTS``).
"""
