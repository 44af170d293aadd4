"""Titles and statuses as people read them: an upload without a title is called by the name of its
file.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext

from django_polyimages.models import AbstractImage

_FILE_NAME = re.compile(
    r"(?P<stem>.*\w.*)\.(jpe?g|jfif|png|webp|gif|avif|hei[cf]|tiff?|bmp)", re.IGNORECASE | re.DOTALL
)


def readable_title(image: AbstractImage) -> str:
    """``"photo one"`` for ``"photo-one.jpg"``; a title that is no name of a file stays as it is.

    Only what pages show is changed: the row and the API keep the name of the file.
    """
    found = _FILE_NAME.fullmatch(image.title)
    if found is None:
        return str(image)
    stem = found["stem"]
    return stem if " " in stem.strip() else re.sub(r"[-_]+", " ", stem).strip()


def readable_status(image: AbstractImage) -> str:
    """The status of an image, with the reason if generating its versions has failed."""
    label = image.get_status_display()
    if not image.failure_reason:
        return label
    return gettext("{name}: {problem}").format(name=label, problem=image.failure_reason)
