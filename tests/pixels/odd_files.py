"""Files that are unusual but valid, and files that are none, drawn or built from their parts."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

from tests.attacks import avif, box
from tests.drawing import chunk, photo, png, quarters, swapped_srgb, to_bytes
from tests.private import SEGMENTS, in_gif, in_png, private_exif, segment, with_segments

SCRIPT = b"<script>MARKER-4711</script><?php MARKER-4711 ?>"
JPEG, PNG, GIF = (to_bytes(quarters(64, 48), name) for name in ("JPEG", "PNG", "GIF"))
MANY: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", (64, 48))] * 60}


def noise(length: int) -> bytes:
    return random.Random(7).randbytes(length)


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("MARKER-4711.class", SCRIPT)
    return buffer.getvalue()


def gradient() -> Image.Image:
    return Image.linear_gradient("L").resize((64, 48))


def rgb16(alpha: bool = False) -> bytes:
    """16 bits a channel, which Pillow cannot write: red on the left, blue on the right."""
    left, right = struct.pack(">HHH", 60000, 3000, 5000), struct.pack(">HHH", 3000, 5000, 60000)
    more = struct.pack(">H", 65535) if alpha else b""
    row = b"\0" + (left + more) * 32 + (right + more) * 32
    return png(64, 48, depth=16, colour=6 if alpha else 2, rows=row * 48)


ODD: dict[str, bytes] = {
    # Polyglots: what else the bytes are is of no interest, and in no version.
    "polyglot: GIF and ZIP": GIF + archive(),
    "polyglot: JPEG and HTML": JPEG + SCRIPT,
    "polyglot: JPEG with HTML in a comment": with_segments(JPEG, segment(0xFE, SCRIPT)),
    "polyglot: JPEG with a script in EXIF": photo(64, 48, exif=private_exif()),
    "polyglot: PNG with PHP in a text": in_png(PNG, chunk(b"tEXt", b"Comment\0" + SCRIPT)),
    "polyglot: PNG and ZIP": PNG + archive(),
    "polyglot: GIF with HTML": in_gif(GIF, b"!\xfe" + bytes([len(SCRIPT)]) + SCRIPT + b"\0"),
    "polyglot: WebP and HTML": to_bytes(quarters(64, 48), "WEBP") + SCRIPT,
    "polyglot: AVIF and HTML": to_bytes(quarters(64, 48), "AVIF") + box(b"free", SCRIPT),
    # Frames: the first one counts, however many there are.
    "frames: GIF": to_bytes(quarters(64, 48), "GIF", **MANY),
    "frames: APNG": to_bytes(quarters(64, 48), "PNG", **MANY),
    "frames: WebP": to_bytes(quarters(64, 48), "WEBP", **MANY),
    "frames: AVIF": to_bytes(quarters(64, 48), "AVIF", speed=10, **MANY),
    "frames: MPO": to_bytes(quarters(64, 48), "MPO", exif=private_exif(), **MANY),
    # Metadata that cannot be read are none.
    "EXIF: noise": with_segments(JPEG, segment(0xE1, b"Exif\0\0" + noise(900))),
    "EXIF: a loop": with_segments(
        JPEG, segment(0xE1, b"Exif\0\0MM\0*" + struct.pack(">IHHHII", 8, 1, 0x8769, 4, 1, 8) * 3)
    ),
    "EXIF: a huge count": with_segments(
        JPEG,
        segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 0xFFFF, 0x112, 3, 2**31, 6)),
    ),
    "EXIF: cut off": with_segments(JPEG, segment(0xE1, b"Exif\0\0MM\0*\0\0")),
    "IPTC and Photoshop": with_segments(JPEG, *SEGMENTS.values()),
    # Colours
    "profile: noise": to_bytes(quarters(64, 48), "PNG", icc_profile=noise(500)),
    "profile: of 1.5 MB": to_bytes(
        quarters(64, 48), icc_profile=swapped_srgb() + bytes(1_500_000)
    ),
    "profile: of another space": to_bytes(quarters(64, 48, "L"), "PNG", icc_profile=swapped_srgb()),
    "mode: 1": to_bytes(quarters(64, 48, "1"), "PNG"),
    "mode: L": to_bytes(gradient(), "PNG"),
    "mode: LA": to_bytes(quarters(64, 48, "LA"), "PNG"),
    "mode: P": to_bytes(quarters(64, 48, "P"), "PNG"),
    "mode: P with transparency": to_bytes(quarters(64, 48, "P"), "PNG", transparency=0),
    "mode: RGB with a transparent colour": png(
        64, 48, colour=2, rows=(b"\0" + b"\xdc\x1e\x1e" * 32 + b"\0\0\xff" * 32) * 48,
        extra=chunk(b"tRNS", b"\0\0\0\0\0\xff"),
    ),
    "mode: grey of 16 bits": png(
        64, 48, depth=16,
        rows=b"".join(b"\0" + struct.pack(">H", 1300 * row) * 64 for row in range(48)),
    ),
    "mode: RGB of 16 bits": rgb16(),
    "mode: RGBA of 16 bits": rgb16(alpha=True),
    "mode: grey of 2 bits with transparency": png(
        64, 48, depth=2, rows=(b"\0" + b"\x00" * 8 + b"\xaa" * 8) * 48,
        extra=chunk(b"tRNS", b"\0\2"),
    ),
    "mode: CMYK": to_bytes(quarters(64, 48, "CMYK"), "JPEG"),
    "mode: L in a JPEG": to_bytes(gradient(), "JPEG"),
    "mode: progressive": to_bytes(quarters(64, 48), "JPEG", progressive=True),
    # Sizes
    "size: 1 x 1": to_bytes(Image.new("RGB", (1, 1), "teal"), "PNG"),
    "size: 65,535 x 1": to_bytes(Image.new("RGB", (65_535, 1), "teal"), "PNG"),
    "size: 1 x 65,500": to_bytes(Image.new("RGB", (1, 65_500), "teal"), "JPEG"),
    "size: a pixel more than its box": to_bytes(quarters(65, 65), "PNG"),
}  # fmt: skip
ODD |= {
    f"orientation: {name} {number}": to_bytes(quarters(64, 48), name, exif=private_exif(number))
    for name, numbers in {"JPEG": range(10), "PNG": (5, 6), "WEBP": (7,), "AVIF": (8,)}.items()
    for number in numbers
}


def huge(name: str) -> bytes:
    """A small file whose header claims a gigapixel or more."""
    if name == "JPEG":
        content = bytearray(JPEG)
        frame = content.index(b"\xff\xc0")
        struct.pack_into(">HH", content, frame + 5, 65_000, 65_000)
    elif name == "GIF":
        content = bytearray(GIF)
        struct.pack_into("<HH", content, 6, 65_000, 65_000)
        struct.pack_into("<HH", content, content.index(b"\x2c\0\0\0\0") + 5, 65_000, 65_000)
    elif name == "WEBP":
        content = bytearray(to_bytes(quarters(64, 48, "RGBA"), "WEBP", exif=private_exif()))
        content[24:30] = (16_383).to_bytes(3, "little") * 2
    elif name == "AVIF":
        content = bytearray(to_bytes(quarters(64, 48), "AVIF"))
        struct.pack_into(">II", content, content.index(b"ispe") + 8, 32_000, 32_000)
    else:
        return png(60_000, 60_000, depth=1, rows=bytes(100))
    return bytes(content)


XXE = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
INFLATING = zlib.compress(bytes(10**8))
BAD: dict[str, bytes] = {
    **{f"pixels: {name}": huge(name) for name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF")},
    "text: inflates to 100 MB": in_png(PNG, chunk(b"zTXt", b"x\0\0" + INFLATING)),
    "profile: inflates to 100 MB": in_png(PNG, chunk(b"iCCP", b"x\0\0" + INFLATING)),
    "noise": noise(5000),
    "noise behind a JPEG's start": b"\xff\xd8\xff\xe0" + noise(5000),
    "noise behind a PNG's start": PNG[:33] + noise(5000),
    "noise behind a GIF's start": b"GIF89a" + noise(5000),
    "noise behind a WebP's start": b"RIFF\x00\x10\x00\x00WEBPVP8 " + noise(5000),
    "an AVIF without a picture": avif(),
    "signature of PNG": PNG[:8],
    "signature of GIF": b"GIF89a",
    "signature of WebP": b"RIFF\x04\0\0\0WEBP",
    "XXE": XXE,
    "MVG": b"push graphic-context\nviewbox 0 0 640 480\nfill 'url(https://x/\"|ls \"-la)'\npop\n",
    "HTML": b"<!DOCTYPE html><html>" + SCRIPT + b"</html>",
    "EXE": b"MZ" + bytes(58) + b"\x80\0\0\0" + b"PE\0\0" + bytes(500),
    "ZIP": archive(),
    "TIFF": to_bytes(quarters(64, 48), "TIFF"),
    "BMP": to_bytes(quarters(64, 48), "BMP"),
    "ICO": to_bytes(quarters(64, 48), "ICO"),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100),
    "PostScript in a JPEG's name": b"%!PS-Adobe-3.0\n(MARKER-4711) run",
}
