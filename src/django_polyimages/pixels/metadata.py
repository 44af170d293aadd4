"""What an original says of itself beside its pixels: orientation, position, colour profile."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

MAX_EXIF: Final = 64 * 1024
"""Bytes. A JPEG's segment cannot be larger."""
MAX_PROFILE: Final = 4 * 1024 * 1024
"""Bytes. Profiles of printers with large tables have 1 to 3 MB."""
# The EXIF tags (CIPA DC-008, 4.6)
_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825
_LATITUDE: Final = 0x0002
_KINDS: Final = {_ORIENTATION: {3: "H", 4: "I"}, _GPS: {4: "I"}, _LATITUDE: {5: "I"}}
"""SHORT, and LONG, which some programs write for it; of RATIONALs, where they are."""
_MAX_ENTRIES: Final = 1000
_PIPELINES: Final = {b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3"}


def orientation_of(exif: bytes) -> int:
    """The orientation in EXIF data, 1 to 8; 1 if there is none, or none that is valid.

    This one tag is read here: Pillow would read all of them, and a file may have many.
    """
    if len(exif) > MAX_EXIF:
        return 1
    value = _value_of([_ORIENTATION], exif)
    return value if value is not None and 1 <= value <= 8 else 1


def has_latitude(exif: bytes) -> bool:
    """Whether EXIF data contain a position. Cameras without a signal write other tags for it."""
    return bool(_value_of([_GPS, _LATITUDE], exif))


def _value_of(path: Sequence[int], exif: bytes) -> int | None:
    """The value of the last tag of ``path``; those before it say where the next table is."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    with suppress(struct.error):  # cut off
        value: int | None
        [value] = struct.unpack_from(f"{order}I", tiff, 4)
        for tag in path:
            value = value and _value_in(tiff, order, value, tag)
        return value
    return None


def _value_in(tiff: bytes, order: str, start: int, wanted: int) -> int | None:
    """The value of a tag in the table at ``start``, or where it is if it is longer."""
    [entries] = struct.unpack_from(f"{order}H", tiff, start)
    for number in range(min(entries, _MAX_ENTRIES)):
        place = start + 2 + 12 * number
        tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, place)
        if tag == wanted and kind in _KINDS[tag] and (count == 1 or tag == _LATITUDE):
            [value] = struct.unpack_from(f"{order}{_KINDS[tag][kind]}", tiff, place + 8)
            return int(value)
    return None


def is_usable_profile(profile: bytes) -> bool:
    """Whether a colour profile can be used without more work than its size says.

    Profiles with the pipelines of ICC.1:2010, 9.2.17 (``D2Bx``, ``B2Dx``, multiProcessElements)
    are not: their elements may share one curve, so that 33 KB keep littleCMS busy for 24 s. Such
    profiles have ordinary tables beside these, but littleCMS prefers the pipelines.
    """
    if len(profile) > MAX_PROFILE or len(profile) < 132:
        return False
    [tags] = struct.unpack_from(">I", profile, 128)
    for number in range(tags):
        place = 132 + 12 * number
        if place + 12 > len(profile):
            return False
        signature, offset = struct.unpack_from(">4sI", profile, place)
        if signature in _PIPELINES or profile[offset : offset + 4] == b"mpet":
            return False
    return True
