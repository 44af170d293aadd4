"""How large the frames of AV1 data are, whatever the AVIF file around them says.

libavif decodes a frame at its own size and scales it to the size that the file states, so that
1.7 KB which claim to be 64 x 64 pixels may hold 16,384 x 16,384.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SEQUENCE_HEADER: Final = 1
_FRAMES: Final = (3, 6, 7)
"""A frame header, which comes before tiles; a whole frame; and the copy of a frame header, which
dav1d takes for the header if there was none."""
_KEY_FRAME: Final = 0
_SWITCH_FRAME: Final = 3
_EACH_FRAME_SAYS: Final = 2
MAX_FRAMES: Final = 8
"""Of one picture: it has one, or one for each of up to four layers. A decoder works on all of them,
also on those that are never shown."""
MAX_UNITS: Final = 20_000
"""Of one picture; encoders write less than 100. Reading them takes about 10 ms."""


def frames_of(data: bytes) -> list[int]:
    """How many pixels each frame in ``data`` has, at most.

    Raises ``ValueError`` or ``IndexError`` for data that is not AV1.
    """
    frames: list[int] = []
    sequence = None
    for kind, body in _units(data):
        if kind == _SEQUENCE_HEADER:
            sequence = _sequence_of(_Bits(body))
        elif kind in _FRAMES:
            if sequence is None:
                raise ValueError("a frame without a sequence header")
            frames.append(_pixels_of_frame(_Bits(body), sequence))
        if len(frames) > MAX_FRAMES:
            raise ValueError("too many frames")
    return frames


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
            raise ValueError("a header that is cut off")
        return int(self._bits[start : self._place] or "0", 2)

    def skip_uvlc(self) -> None:
        zeros = 0
        while not self.read(1):
            zeros += 1
        self.read(zeros)


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What the headers of the frames depend on."""

    pixels: int
    """The maximum width x height."""
    most: int
    """The same of a frame that states a size of its own: as large as its bits can say. dav1d does
    not compare it with the maximum."""
    still: bool
    """Whether the frames have short headers."""
    time_bits: int = 0
    id_bits: int = 0
    screen_content: int = _EACH_FRAME_SAYS
    whole_vectors: int = _EACH_FRAME_SAYS


def _sequence_of(bits: _Bits) -> _Sequence:
    """The sequence header (5.5.1), up to what the beginning of a frame's header depends on."""
    bits.read(4)  # profile, still_picture
    still = bool(bits.read(1))  # reduced_still_picture_header
    if still:
        bits.read(5)
    time_bits = 0 if still else _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    pixels = (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)
    most = 1 << width_bits + height_bits
    if still:
        return _Sequence(pixels, most, still)
    id_bits = bits.read(4) + bits.read(3) + 3 if bits.read(1) else 0
    bits.read(7)
    if bits.read(1):  # enable_order_hint
        bits.read(2)
    screen_content = _EACH_FRAME_SAYS if bits.read(1) else bits.read(1)
    whole_vectors = _EACH_FRAME_SAYS
    if screen_content and not bits.read(1):
        whole_vectors = bits.read(1)
    return _Sequence(pixels, most, still, time_bits, id_bits, screen_content, whole_vectors)


def _pixels_of_frame(bits: _Bits, sequence: _Sequence) -> int:
    """At most: what the sequence says, unless the frame states a size of its own (5.9.2)."""
    if sequence.still or bits.read(1):  # show_existing_frame
        return sequence.pixels
    kind, shown = bits.read(2), bits.read(1)
    bits.read(sequence.time_bits if shown else 1)
    if kind != _SWITCH_FRAME and not (kind == _KEY_FRAME and shown):
        bits.read(1)  # error_resilient_mode
    bits.read(1)  # disable_cdf_update
    screen_content = sequence.screen_content
    if screen_content == _EACH_FRAME_SAYS:
        screen_content = bits.read(1)
    if screen_content and sequence.whole_vectors == _EACH_FRAME_SAYS:
        bits.read(1)
    bits.read(sequence.id_bits)
    has_own_size = kind == _SWITCH_FRAME or bits.read(1)  # frame_size_override_flag
    return sequence.most if has_own_size else sequence.pixels


def _skip_operating_points(bits: _Bits) -> int:
    """Returns how many bits the time of a frame has."""
    delay = time_bits = 0
    if bits.read(1):  # timing_info_present_flag
        bits.read(64)
        if is_regular := bits.read(1):  # equal_picture_interval
            bits.skip_uvlc()
        if bits.read(1):  # decoder_model_info_present_flag
            delay = bits.read(5) + 1
            bits.read(37)
            time_bits = bits.read(5) + 1
            time_bits = 0 if is_regular else time_bits
    has_display_delay = bits.read(1)
    for _point in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay and bits.read(1):
            bits.read(2 * delay + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
    return time_bits
