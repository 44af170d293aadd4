"""The errors that callers of the package may want to catch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

__all__ = [
    "Busy",
    "InvalidImage",
    "InvalidImageCode",
    "NotAttached",
    "NotFound",
    "OrganizationMismatch",
    "StorageUnavailable",
    "TooManyImages",
    "UploadGone",
]

InvalidImageCode = Literal[
    "empty",
    "too_large",
    "not_an_image",
    "too_many_pixels",
    "damaged",
    "too_complex",
    "too_many_files",
    "too_many_uploads",
    "upload_gone",
    "used",
    "already_sent",
    "not_sent",
    "other_file",
]


class InvalidImage(ValueError):
    """The file sent is not an image that is accepted, or there are too many; nothing was stored.

    ``code`` is for programs, ``str(error)`` says what is wrong and what is allowed.
    """

    def __init__(self, code: InvalidImageCode, message: str | Promise) -> None:
        super().__init__(message)
        self.code = code


class UploadGone(InvalidImage):
    """A pending upload cannot be used. Its ``code`` is one of:

    ``upload_gone``: there is none, its time is over, it was cancelled, or it belongs to somebody
    else; callers cannot tell which. ``used``: an image was made of it. ``not_sent``: its file has
    not arrived. ``already_sent``: its file has, so it cannot be sent again.
    """


class NotFound(Http404):
    """An organization, model, object or image that does not exist, or belongs to another
    organization: callers cannot tell which.

    Django answers 404 if a view does not catch it. ``image_ids`` are the ids that were not found
    if several images were asked for; ``str(error)`` names the first of them.
    """

    def __init__(self, image_ids: Sequence[object] = ()) -> None:
        shown = ", ".join(json.dumps(one, default=str)[:50] for one in image_ids[:20])
        message = _("Not found: images %(ids)s.") % {"ids": shown} if shown else _("Not found.")
        super().__init__(message)
        self.image_ids = image_ids


class NotAttached(ValueError):
    """Images are not attached to the object. Nothing was changed."""

    def __init__(self, image_ids: Sequence[object]) -> None:
        super().__init__(f"Not attached to this object: {', '.join(map(str, image_ids))}.")
        self.image_ids = image_ids


class OrganizationMismatch(ValueError):
    """Images belong to another organization than the object. Nothing was changed.

    ``allow_foreign=True`` attaches them all the same.
    """

    def __init__(self, image_ids: Sequence[object]) -> None:
        super().__init__(
            "These images do not belong to the organization of the object: "
            f"{', '.join(map(str, image_ids))}. Pass allow_foreign=True if that is intended."
        )
        self.image_ids = image_ids


class TooManyImages(ValueError):
    """The object would get more than ``limit`` images. Nothing was changed."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        message = ngettext(
            "An object may have at most %(limit)d image.",
            "An object may have at most %(limit)d images.",
            self.limit,
        )
        return message % {"limit": self.limit}


class StorageUnavailable(Exception):
    """The original could not be stored. What the storage may have written is deleted, in the
    background if the storage has not answered within ``STORAGE_TIMEOUT``.

    ``str(error)`` says whether trying again can help, and ``problem`` names the reason for
    programs and logs, such as ``AccessDenied``, ``NoSuchBucket``, ``PermissionError`` or
    ``TimeoutError``.
    """

    def __init__(self, message: str = "", problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class Busy(StorageUnavailable):
    """Too many other images are being decoded. Nothing was stored, so try again after
    ``retry_after`` seconds.
    """

    def __init__(self, message: str, retry_after: int = 30) -> None:
        super().__init__(message)
        self.retry_after = retry_after
