"""How large the frames of AV1 data are, whatever the AVIF file around them says.

libavif decodes a frame at its own size and scales it to the size that the file states, so that
1.7 KB which claim to be 64 x 64 pixels may hold 16,384 x 16,384.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SEQUENCE_HEADER: Final = 1
_FRAMES: Final = (3, 6)  # a frame header, which comes before tiles, and a whole frame
MAX_FRAMES: Final = 8
"""Of one picture: it has one, or one for each of up to four layers. A decoder works on all of them,
also on those that are never shown."""
MAX_UNITS: Final = 20_000
"""Of one picture; encoders write less than 100. Reading them takes about 10 ms."""


def pixels_of(data: bytes) -> int:
    """The number of pixels of the largest frame that the sequence headers in ``data`` allow.

    Raises ``ValueError`` or ``IndexError`` for data that is not AV1.
    """
    units = list(_units(data))
    if sum(kind in _FRAMES for kind, _body in units) > MAX_FRAMES:
        raise ValueError("too many frames")
    headers = (body for kind, body in units if kind == _SEQUENCE_HEADER)
    return max((_pixels_of_sequence(body) for body in headers), default=0)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and content of each open bitstream unit (AV1 specification, 5.3)."""
    place = 0
    for _number in range(MAX_UNITS):
        if place >= len(data):
            return
        header = data[place]
        place += 2 if header & 4 else 1  # with the extension
        size = len(data) - place
        if header & 2:
            size, place = _leb128(data, place)
        # A sequence header needs about 20 bytes. Copies of larger units would take time.
        yield header >> 3 & 15, data[place : place + min(size, 1000)]
        place += size
    raise ValueError("too many units")


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """A number of up to eight bytes, and the place behind it (4.10.5)."""
    value = 0
    for number in range(8):
        byte = data[place + number]
        value |= (byte & 127) << 7 * number
        if byte < 128:
            return value, place + number + 1
    raise ValueError("a number of more than eight bytes")


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data[:200])
        self._place = 0

    def read(self, width: int) -> int:
        start, self._place = self._place, self._place + width
        if self._place > len(self._bits):
            raise ValueError("a sequence header that is cut off")
        return int(self._bits[start : self._place] or "0", 2)

    def skip_uvlc(self) -> None:
        zeros = 0
        while not self.read(1):
            zeros += 1
        self.read(zeros)


def _pixels_of_sequence(body: bytes) -> int:
    """The maximum width x height of a sequence (5.5.1)."""
    bits = _Bits(body)
    bits.read(4)  # profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    delay = 0
    if bits.read(1):  # timing_info_present_flag
        bits.read(64)
        if bits.read(1):
            bits.skip_uvlc()
        if bits.read(1):  # decoder_model_info_present_flag
            delay = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.read(1)
    for _point in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay and bits.read(1):
            bits.read(2 * delay + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
