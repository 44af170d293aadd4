"""The least that an upload can cost: one decode, and four encodings of pixels that are ready.

    .venv/bin/python benchmarks/limit.py PHOTO...

Nothing that makes WebP with libwebp's default effort can need less. The encodings call the libwebp
of Pillow's wheel, without Pillow. Prints CPU and wall time in milliseconds, as medians.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import io
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageOps, _webp

from django_polyimages.specs import DEFAULT_VERSIONS

ROUNDS = 9


@dataclass(frozen=True)
class Ready:
    """The pixels of one version, as the encoder takes them: three or four bytes each."""

    pixels: bytes
    width: int
    height: int
    quality: int

    @property
    def channels(self) -> int:
        return len(self.pixels) // (self.width * self.height)


def limit(content: bytes) -> None:
    """Decode the photograph and encode its versions in this thread, and keep nothing.

    Only this work has to be measured: the first call with a photograph also makes the pixels of its
    versions, so call it once before.
    """
    versions = ready(content)
    decode(content)
    for version in versions:
        encode(version)


def parallel_limit(content: bytes) -> None:
    """The same work with the four encodings in a thread each. They begin when the decode ends."""
    versions = ready(content)
    decode(content)
    list(_threads().map(encode, versions))


def decode(content: bytes) -> Image.Image:
    """A JPEG at the smallest of the sizes that libjpeg offers which the largest version fits in."""
    image = Image.open(io.BytesIO(content))
    sideways = image.getexif().get(0x0112, 1) >= 5
    width, height = image.size[::-1] if sideways else image.size
    largest = max(spec.target(width, height).size for spec in DEFAULT_VERSIONS)
    image.draft(None, largest[::-1] if sideways else largest)
    image.load()
    return image


@lru_cache(maxsize=4)
def ready(content: bytes) -> Sequence[Ready]:
    """The versions, of which those with the same size and quality are one; the largest first."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    wanted = {(spec.target(*picture.size).size, spec.quality) for spec in DEFAULT_VERSIONS}
    return [
        Ready(picture.resize(size, Image.Resampling.LANCZOS).tobytes(), *size, quality)
        for size, quality in sorted(wanted, reverse=True)
    ]


def encode(version: Ready) -> bytes:
    """What ``cwebp -m 4`` would write: method 4, pixels converted to YUV as they are read."""
    library = _libwebp()
    name = "WebPEncodeRGB" if version.channels == 3 else "WebPEncodeRGBA"
    encoded = ctypes.POINTER(ctypes.c_uint8)()
    stride = version.width * version.channels
    quality = ctypes.c_float(version.quality)
    size = library[name](
        version.pixels, version.width, version.height, stride, quality, ctypes.byref(encoded)
    )
    try:
        return ctypes.string_at(encoded, size)
    finally:
        library.WebPFree(encoded)


@cache
def _libwebp() -> ctypes.CDLL:
    """The library that Pillow has loaded; its wheels have it in a folder of their own."""
    folder = Path(_webp.__file__).parent.parent / "pillow.libs"
    found = [str(path) for path in folder.glob("libwebp-*")] or [ctypes.util.find_library("webp")]
    library = ctypes.CDLL(found[0])
    for name in ("WebPEncodeRGB", "WebPEncodeRGBA"):
        library[name].restype = ctypes.c_size_t
    library.WebPFree.argtypes = [ctypes.c_void_p]
    return library


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(DEFAULT_VERSIONS))


def measure(work: Callable[[bytes], None], content: bytes) -> tuple[float, float]:
    """CPU time of all threads, and wall time, in milliseconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work(content)
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def main(photos: list[str]) -> None:
    print("| photo | | CPU ms | wall ms |\n|---|---|---|---|")
    for photo in photos:
        content = Path(photo).read_bytes()
        for work in (limit, parallel_limit):
            work(content)
            runs = [measure(work, content) for _round in range(ROUNDS)]
            cpu, wall = (statistics.median(times) for times in zip(*runs, strict=True))
            print(f"| {Path(photo).name} | {work.__name__} | {cpu:.0f} | {wall:.0f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
