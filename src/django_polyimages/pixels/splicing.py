"""A file of which parts are replaced, without a copy of it."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.files.base import File

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the bytes from ``start`` to ``end`` of a file."""

    start: int
    end: int
    new: bytes = b""


def spliced(source: File[bytes], edits: Iterable[Edit]) -> File[bytes]:
    """``source`` with these edits, which are in order and do not overlap.

    It is read from ``source``, whose position moves, so that a large file is never copied.
    """
    return File(io.BufferedReader(_Spliced(source, edits)), name=source.name)


class _Spliced(io.RawIOBase):
    # Not a Django ``File``: that would hand on what it does not define, such as ``readinto``, to
    # the source, where nothing is replaced.

    def __init__(self, source: File[bytes], edits: Iterable[Edit]) -> None:
        self._source = source
        self._pieces: list[bytes | range] = []
        self._starts: list[int] = []
        self._size = self._position = kept = 0
        for edit in edits:
            if not kept <= edit.start <= edit.end <= source.size:
                raise ValueError(f"{edit} is out of order or outside of the file")
            self._add(range(kept, edit.start))
            self._add(edit.new)
            kept = edit.end
        self._add(range(kept, source.size))

    def _add(self, piece: bytes | range) -> None:
        if piece:
            self._pieces.append(piece)
            self._starts.append(self._size)
            self._size += len(piece)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer).cast("B")
        if self._position >= self._size:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        piece = self._pieces[number][self._position - self._starts[number] :][: len(target)]
        if isinstance(piece, range):
            self._source.seek(piece.start)
            piece = self._source.read(len(piece))
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
