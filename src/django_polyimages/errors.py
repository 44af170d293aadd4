"""The errors that callers of the package are meant to catch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.utils.functional import Promise

__all__ = ["InvalidImage", "InvalidImageCode", "NotAttached", "StorageUnavailable"]

InvalidImageCode = Literal["empty", "too_large", "not_an_image", "too_many_pixels", "damaged"]


class InvalidImage(ValueError):
    """The file sent is not an image that we take; nothing of it was stored.

    ``code`` is for programs, ``str(error)`` says what is wrong and what is allowed.
    """

    def __init__(self, code: InvalidImageCode, message: str | Promise) -> None:
        super().__init__(message)
        self.code = code


class NotAttached(ValueError):
    """Images that are not attached to the object; nothing was changed."""

    def __init__(self, image_ids: Sequence[object]) -> None:
        super().__init__(f"Not attached to this object: {', '.join(map(str, image_ids))}.")
        self.image_ids = image_ids


class StorageUnavailable(Exception):
    """The storage did not take the original; nothing is left behind, try again later."""
