"""What decoders read: files, with limits, and each decoder from a position of its own."""

from __future__ import annotations

from collections.abc import Callable
from io import SEEK_CUR, SEEK_END, SEEK_SET
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.core.files import File

from django_polyimages.pixels.parts import too_complex

if TYPE_CHECKING:
    _File = File[bytes]
else:
    _File = File

_READS: Final = 100_000
"""How often a decoder may read for the header, which takes about 0.1 s: enough for 20,000 segments
or chunks. Without a limit, Pillow needs a minute and nearly a gigabyte for a file of tiny parts."""
_BYTES_PER_READ: Final = 64
"""Of a file, on average, beyond that: a PNG with chunks of 256 bytes needs a read for each 67."""
_DISPOSAL: Final = 0b11100  # in the flags of a graphic control extension (GIF89a, 23)


class BoundedReader:
    """A file that a decoder may read a limited number of times."""

    def __init__(self, file: File[bytes]) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._read: Callable[[int], bytes] = file.read
        self._byte_size = file.size
        self._reads_left = _READS

    def read(self, size: int = -1) -> bytes:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise too_complex()
        return self._read(size)

    def begin_pixels(self) -> None:
        """From here on, as often as the size of the file allows."""
        self._reads_left = _READS + self._byte_size // _BYTES_PER_READ


class StillReader(BoundedReader):
    """A GIF whose frames are never disposed of.

    Of a frame that is, Pillow makes a copy as it opens the file: 49 bytes would need 170 MB.
    """

    _last = (b"", b"", b"")

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        introducer, label, length = self._last
        if (introducer, label) == (b"!", b"\xf9") and len(length) == 1 and data:
            data = bytes([data[0] & ~_DISPOSAL]) + data[1:]
        self._last = (label, length, data)
        return data


class SharedFile(_File):
    """A file that other threads read, too, each from a position of its own.

    ``lock`` is the same for all that share ``file``, whose own position must not matter meanwhile.
    """

    def __init__(self, file: File[bytes], lock: Lock) -> None:
        super().__init__(file, name="")
        self._source, self._lock, self._position = file, lock, 0

    def read(self, size: int = -1) -> bytes:
        with self._lock:
            self._source.seek(self._position)
            content: bytes = self._source.read(size)
        self._position += len(content)
        return content

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        origin = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._source.size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        return self._position
