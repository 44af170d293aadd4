"""Builds ICC profiles of colours that are declared as numbers: primaries and a curve."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

_D50: Final = (0.96422, 1.0, 0.82521)  # the white of all profiles (ICC.1:2022, 7.2.16)
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_MOST_GAMMA: Final = 1000.0
_Vector = Sequence[float]
_Matrix = Sequence[_Vector]


class Primaries(NamedTuple):
    """The chromaticities x and y of white and of the three colours."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


def profile_of(primaries: Primaries, curve: Sequence[float], *, grey: bool) -> bytes | None:
    """A profile for RGB or grey; None for primaries that are no colours.

    ``curve`` has the parameters of a parametric curve (ICC.1:2022, 10.18): an exponent alone, or
    five for one that starts with a straight line.
    """
    kind = 0 if len(curve) == 1 else 3
    numbers = (min(curve[0], _MOST_GAMMA), *curve[1:])
    parametric = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + _fixed(*numbers)
    white = b"XYZ " + bytes(4) + _fixed(*_D50)
    if grey:
        return _profile(b"GRAY", {b"wtpt": white, b"kTRC": parametric})
    try:
        columns = _columns(primaries)
        colours = {
            kind: b"XYZ " + bytes(4) + _fixed(*column)
            for kind, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
        }
    except (ZeroDivisionError, struct.error):
        return None
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), parametric)
    return _profile(b"RGB ", {b"wtpt": white, **colours, **curves})


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        start = 128 + 4 + 12 * len(tags) + len(data)
        table += name + struct.pack(">II", start, len(content))
        data += content + bytes(-len(content) % 4)
    size = struct.pack(">I", 128 + len(table) + len(data))
    header = size + bytes(4) + b"\x04\x20\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    return (header.ljust(68, b"\0") + _fixed(*_D50)).ljust(128, b"\0") + table + data


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _columns(primaries: Primaries) -> _Matrix:
    """X, Y and Z of each colour at full strength, under D50."""
    white, *colours = (_xyz(*one) for one in primaries)
    strengths = _times(_inverse(_transposed(colours)), white)
    target, source = _times(_BRADFORD, _D50), _times(_BRADFORD, white)
    adapt = [[value * target[row] / source[row] for value in _BRADFORD[row]] for row in range(3)]
    back = _inverse(_BRADFORD)
    return [
        _times(back, _times(adapt, [value * strength for value in colour]))
        for colour, strength in zip(colours, strengths, strict=True)
    ]


def _xyz(x: float, y: float) -> _Vector:
    return (x / y, 1.0, (1 - x - y) / y)


def _times(matrix: _Matrix, vector: _Vector) -> _Vector:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _transposed(matrix: _Matrix) -> _Matrix:
    return list(zip(*matrix, strict=True))


def _inverse(matrix: _Matrix) -> _Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return [[value / determinant for value in row] for row in cofactors]
