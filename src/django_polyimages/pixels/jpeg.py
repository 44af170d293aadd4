"""The markers of a JPEG, as decoders find them (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from django.core.files.base import File

START_OF_SCAN: Final = 0xDA
END_OF_IMAGE: Final = 0xD9
NUMBER_OF_LINES: Final = 0xDC
APPLICATION_1: Final = 0xE1
ALONE: Final = {0x01, 0xD8}
"""Markers without a segment."""

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # no stuffed byte, restart marker or filling
_CHUNK = 64 * 1024


def markers(file: File[bytes]) -> Iterator[int]:
    """The markers from where the file stands on; the file then stands behind each of them."""
    size = 16  # segments follow each other; behind the head of a scan there is more to skip
    while chunk := file.read(size):
        if found := _MARKER.search(chunk):
            file.seek(found.end() - len(chunk), 1)
            yield found[1][0]
            size = 16
            continue
        if chunk.endswith(b"\xff") and len(chunk) > 1:
            file.seek(-1, 1)
        size = min(4 * size, _CHUNK)
