"""What a PNG says of its colours and orientation, read from its chunks.

Pillow knows no ``cICP``, and lets a text take the place of what a chunk says: one with the keyword
``exif`` or ``transparency`` becomes that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from django.core.files.base import File

from django_polyimages.pixels.metadata import MAX_EXIF
from django_polyimages.pixels.profiles import Primaries, profile_of

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_WANTED: Final = {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"}
_MOST: Final = MAX_EXIF + 1  # bytes
_SRGB_GAMMA: Final = 45455
_SRGB: Final = Primaries((0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
_PRIMARIES: Final = {  # by the number in ITU-T H.273, table 2
    1: _SRGB,
    5: Primaries((0.3127, 0.329), (0.64, 0.33), (0.29, 0.6), (0.15, 0.06)),
    6: Primaries((0.3127, 0.329), (0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    7: Primaries((0.3127, 0.329), (0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    9: Primaries((0.3127, 0.329), (0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
    12: Primaries((0.3127, 0.329), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
}
_BT709: Final = (1, 6, 11, 14, 15)  # cameras' curves; screens show them with BT.1886
_TRANSFERS: Final[dict[int, tuple[float, ...]]] = {  # table 3, as the parameters of an ICC curve
    **dict.fromkeys(_BT709, (2.4,)),
    4: (2.2,),
    5: (2.8,),
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0913),
    8: (1.0,),
    12: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
}


def chunks(file: File[bytes]) -> Iterator[tuple[bytes, int]]:
    """The kind and length of each chunk of a PNG; the file stands at its data."""
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        header = file.read(8)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header)
        yield kind, length
        place += length + 12


def declarations(file: File[bytes]) -> Mapping[bytes, bytes]:
    """The data of the chunks before the pixels that say how to show them; of profiles a part.

    For a file that ``check_parts()`` has accepted: its number of chunks is limited.
    """
    found: dict[bytes, bytes] = {}
    for kind, length in chunks(file):
        if kind == b"IDAT":
            break
        if kind in _WANTED:
            found.setdefault(kind, file.read(min(length, _MOST)))
    return found


def exif_of(file: File[bytes]) -> bytes:
    """The EXIF data of a PNG; empty if it has none."""
    return declarations(file).get(b"eXIf", b"")


def declared_profile(found: Mapping[bytes, bytes], *, grey: bool) -> bytes | None:
    """An ICC profile of the colours that a PNG declares by numbers; None if it has none of those.

    The order is that of PNG (third edition, 4.3): ``cICP``, ``iCCP``, ``sRGB``, then ``gAMA`` and
    ``cHRM``. Colours that are none of a standard display, such as HDR, are taken for sRGB.
    """
    coded = found.get(b"cICP", b"")
    if len(coded) == 4 and coded.endswith(b"\0\1"):  # RGB, with all values
        primaries, transfer = _PRIMARIES.get(coded[0]), _TRANSFERS.get(coded[1])
        if primaries and transfer:
            return profile_of(primaries, transfer, grey=grey)
    if b"iCCP" in found or b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
        return None
    return _of_gamma(found[b"gAMA"], found.get(b"cHRM", b""), grey=grey)


def _of_gamma(data: bytes, chromaticities: bytes, *, grey: bool) -> bytes | None:
    gamma = int.from_bytes(data, "big")
    if not gamma or (gamma == _SRGB_GAMMA and len(chromaticities) != 32):
        return None  # nearly sRGB, and meant to be
    primaries = _SRGB
    if len(chromaticities) == 32:
        values = [value / 100_000 for value in struct.unpack(">8I", chromaticities)]
        primaries = Primaries(*zip(values[::2], values[1::2], strict=True))
    return profile_of(primaries, (100_000 / gamma,), grey=grey)
