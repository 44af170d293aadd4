"""Measures what the worst files cost that the default settings accept, one of each kind.

    .venv/bin/python benchmarks/worst_files.py [--at-once NUMBER] [KIND]

Prints the tables of docs/security.md. Every kind is generated in a process of its own: the CPU time
of all threads, and how far the process grew beyond its size before. With --at-once 2 two threads
upload the same kind of file, as when both slots are taken by the worst; the figures are of both.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

from example import PROJECT  # must come first: it sets up Django

from django.core.files import File
from PIL import Image

from django_polyimages.conf import get_settings
from django_polyimages.formats import OriginalFormat
from django_polyimages.pipeline.generation import Finished, generate
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.parts import MAX_SCANNED, MAX_SCANS
from django_polyimages.pixels.scaling import plan

MIB = 1024 * 1024


def sides(name: OriginalFormat) -> tuple[int, int]:
    """The largest picture of this format: twice as wide as high, in whole blocks."""
    height = int((get_settings().pixels_of(name) / 2) ** 0.5) // 16 * 16
    return 2 * height, height


def saved(picture: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def noise(size: tuple[int, int], mode: str) -> Image.Image:
    tile = Image.frombytes(mode, (512, 512), os.urandom(512 * 512 * len(mode)))
    picture = Image.new(mode, size)
    for left in range(0, size[0], 512):
        for top in range(0, size[1], 512):
            picture.paste(tile, (left, top))
    return picture


def png(size: tuple[int, int], depth: int, colour: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A black PNG; ``colour`` is 0 for grey, 2 for RGB, 3 for a palette, 6 for RGBA."""
    width, height = size
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * channels * depth + 7) // 8)
    pixels = b"".join(packer.compress(row) for _row in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def scans(picture: Image.Image) -> bytes:
    """A progressive JPEG that repeats its last scan as often as is allowed."""
    content = saved(picture, "JPEG", progressive=True, subsampling=0, quality=10)
    own = content.count(b"\xff\xda")
    start = content.rindex(b"\xff\xda")
    end = start + re.search(rb"\xff\xd9", content[start:]).start()
    more = min(
        min(MAX_SCANS, MAX_SCANNED // (picture.width * picture.height)) - own,
        (get_settings().max_bytes - len(content)) // (end - start),
    )
    return content[:end] + content[start:end] * more + content[end:]


def on_canvas(size: tuple[int, int], content: bytes) -> bytes:
    """A GIF whose canvas is larger than its picture."""
    return content[:6] + struct.pack("<HH", *size) + content[10:]


FILES: dict[str, tuple[OriginalFormat, Callable[[tuple[int, int]], bytes]]] = {
    "JPEG, baseline, RGB": ("JPEG", lambda size: saved(noise(size, "RGB"), "JPEG", quality=40)),
    "JPEG, progressive, noise": ("JPEG", lambda size: scans(noise(size, "L").convert("RGB"))),
    "JPEG, progressive, RGB": ("JPEG", lambda size: scans(Image.new("RGB", size, "teal"))),
    "JPEG, progressive, CMYK": (
        "JPEG",
        lambda size: scans(Image.new("CMYK", (size[0] * 3 // 64 * 16, size[1]), "teal")),
    ),
    "PNG, 1 bit": ("PNG", lambda size: png(size, 1, 0)),
    "PNG, 8 bits, grey": ("PNG", lambda size: png(size, 8, 0)),
    "PNG, 16 bits, grey": ("PNG", lambda size: png(size, 16, 0)),
    "PNG, 16 bits, grey, transparent colour": (
        "PNG",
        lambda size: png(size, 16, 0, (b"tRNS", bytes(2))),
    ),
    "PNG, palette": ("PNG", lambda size: png(size, 8, 3, (b"PLTE", bytes(768)))),
    "PNG, palette, transparent colour": (
        "PNG",
        lambda size: png(size, 8, 3, (b"PLTE", bytes(768)), (b"tRNS", bytes(256))),
    ),
    "PNG, RGB": ("PNG", lambda size: png(size, 8, 2)),
    "PNG, RGB, transparent colour": ("PNG", lambda size: png(size, 8, 2, (b"tRNS", bytes(6)))),
    "PNG, 16 bits, RGBA": ("PNG", lambda size: png(size, 16, 6)),
    "GIF": ("GIF", lambda size: saved(Image.new("P", size), "GIF")),
    "GIF, transparent colour": (
        "GIF",
        lambda size: saved(Image.new("P", size), "GIF", transparency=0),
    ),
    "GIF, in part of its canvas": (
        "GIF",
        lambda size: on_canvas(size, saved(Image.new("P", (size[0] - 1, size[1])), "GIF")),
    ),
    "WebP, lossless, flat": (
        "WEBP",
        lambda size: saved(Image.new("RGB", size), "WEBP", lossless=True, method=0),
    ),
    "WebP, lossless, flat, RGBA": (
        "WEBP",
        lambda size: saved(Image.new("RGBA", size), "WEBP", lossless=True, method=0),
    ),
    "WebP, lossy, noise, RGBA": (
        "WEBP",
        lambda size: saved(noise(size, "RGBA"), "WEBP", quality=1, method=0),
    ),
    "AVIF, noise, RGB": (
        "AVIF",
        lambda size: saved(noise(size, "RGB"), "AVIF", quality=40, speed=10, subsampling="4:4:4"),
    ),
    "AVIF, flat, RGBA": (
        "AVIF",
        lambda size: saved(Image.new("RGBA", size), "AVIF", speed=10, subsampling="4:4:4"),
    ),
}


def measure(path: str, at_once: int) -> None:
    """Generate the versions of one file, as an upload does, and print what it cost."""
    warm_up = io.BytesIO(saved(Image.new("RGB", (64, 64)), "PNG"))
    run(File(warm_up, "small.png"))
    before = resource.getrusage(resource.RUSAGE_SELF)
    uploads = [Upload(path) for _number in range(at_once)]
    for upload in uploads:
        upload.start()
    for upload in uploads:
        upload.join()
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    reserved = sum(upload.reserved for upload in uploads)
    print(reserved, seconds, (after.ru_maxrss - before.ru_maxrss) * 1024)


class Upload(threading.Thread):
    reserved: int

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def run(self) -> None:
        with open(self.path, "rb") as file:
            self.reserved = run(File(file))


def run(file: File[bytes]) -> int:
    facts = inspect(file)
    *_events, last = generate(file, facts, get_settings().versions)
    assert isinstance(last, Finished)
    assert not last.failure, last.failure
    return plan(facts, get_settings().versions).memory


def main(kinds: str, at_once: int) -> None:
    wanted = re.compile(kinds)
    print(
        "| file | megapixels | bytes | CPU seconds | MiB | reserved MiB |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for kind, (name, draw) in FILES.items():
            if not wanted.search(kind):
                continue
            size = sides(name)
            path = Path(folder, "file")
            child = os.fork()  # what drawing needs is not the measuring process's
            if not child:
                path.write_bytes(draw(size))
                os._exit(0)
            os.waitpid(child, 0)
            options = ["--measure", str(path), "--at-once", str(at_once)]
            command = [sys.executable, __file__, *options]
            output = subprocess.run(
                command, check=True, capture_output=True, text=True, cwd=PROJECT
            ).stdout
            reserved, seconds, grown = map(float, output.split())
            with Image.open(path) as image:
                megapixels = image.width * image.height / 1_000_000
            print(
                f"| {kind} | {megapixels:.0f} | {path.stat().st_size:,} | {seconds:.1f} "
                f"| {grown / MIB:.0f} | {reserved / MIB:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", default="", help="a regular expression")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, given.at_once)
    else:
        main(given.kind, given.at_once)
