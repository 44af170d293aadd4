"""Small files that keep a decoder busy for long, built by hand."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

from django_polyimages.pixels.samples import boxes


def scan_bomb(scans: int, width: int = 2000, height: int = 2000) -> bytes:
    """A flat progressive JPEG that repeats its last, nearly empty scan."""
    buffer = io.BytesIO()
    Image.new("L", (width, height), 128).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    start = content.rindex(b"\xff\xda")
    end = start + re.search(rb"\xff\xd9", content[start:]).start()  # type: ignore[union-attr]
    return content[:end] + content[start:end] * scans + content[end:]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def avif(*boxes: bytes) -> bytes:
    """An AVIF file with these boxes in ``meta``, and no picture."""
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    meta = box(b"meta", bytes(4) + handler + b"".join(boxes))
    return box(b"ftyp", b"avif" + bytes(4) + b"avifmif1") + meta


def item_infos(number: int) -> bytes:
    entries = b"".join(
        box(b"infe", struct.pack(">IHH4s", 2 << 24, one % 65536, 0, b"av01") + b"\0")
        for one in range(number)
    )
    return box(b"iinf", struct.pack(">II", 1 << 24, number) + entries)


def item_locations(items: int, extents: int) -> bytes:
    """Extents of no bytes: each item lists as many as it likes."""
    entry = struct.pack(">HHH", 1, 0, extents)
    return box(b"iloc", struct.pack(">IHH", 0, 0, items) + entry * items)


def item_references(references: int) -> bytes:
    body = struct.pack(">HH", 1, references) + bytes(2 * references)
    return box(b"iref", bytes(4) + box(b"dimg", body))


def item_properties(number: int) -> bytes:
    return box(b"iprp", box(b"ipco", box(b"free", b"") * number))


def property_associations(number: int) -> bytes:
    body = struct.pack(">II", 0, number) + struct.pack(">HB", 1, 0) * number
    return box(b"iprp", box(b"ipco", b"") + box(b"ipma", body))


def profile_bomb(elements: int, points: int) -> bytes:
    """sRGB with a pipeline (``D2B0``) whose elements all share one curve; 25 KB cost 5 s."""
    base = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    [number] = struct.unpack_from(">I", base, 128)
    entries = [struct.unpack_from(">4sII", base, 132 + 12 * one) for one in range(number)]
    tags = [(name, base[start : start + size]) for name, start, size in entries]
    tags.append((b"D2B0", _pipeline(elements, points)))
    table, data = b"", b""
    for name, content in tags:
        start = 132 + 12 * len(tags) + len(data)
        table += struct.pack(">4sII", name, start, len(content))
        data += content + bytes(-len(content) % 4)
    profile = base[4:128] + struct.pack(">I", len(tags)) + table + data
    return struct.pack(">I", len(profile) + 4) + profile


def _pipeline(elements: int, points: int) -> bytes:
    """A ``mpet`` tag (ICC.1:2010, 10.14) of curve sets that are all in the same place."""
    straight = b"parf" + bytes(8) + struct.pack(">4f", 1, 1, 0, 0)
    samples = struct.pack(f">{points}f", *[0.5] * points)
    sampled = b"samf" + bytes(4) + struct.pack(">I", points) + samples
    curve = b"curf" + bytes(4) + struct.pack(">HH2f", 3, 0, 0, 1) + straight + sampled + straight
    places = struct.pack(">6I", *(36, len(curve)) * 3)
    curve_set = b"cvst" + bytes(4) + struct.pack(">HH", 3, 3) + places + curve
    head = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, elements)
    place = struct.pack(">II", len(head) + 8 * elements, len(curve_set))
    return head + place * elements + curve_set


def timeless_animation() -> bytes:
    """An AVIF animation whose frames last a number of seconds divided by zero."""
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "AVIF", save_all=True, append_images=frames[1:], duration=100)
    content = bytearray(buffer.getvalue())
    for found in re.finditer(rb"mdhd", content):
        dates = 16 if content[found.end()] else 8  # ISO/IEC 14496-12, 8.4.2, by the box's version
        place = found.end() + 4 + dates
        content[place : place + 4] = bytes(4)
    return bytes(content)


def hidden_pixels(width: int, height: int, **options: Any) -> bytes:
    """An AVIF file that claims 64 x 64 pixels, and holds so many."""
    buffer = io.BytesIO()
    picture = Image.new("RGB", (width, height), "teal")
    picture.save(buffer, "AVIF", speed=10, **options)
    content = bytearray(buffer.getvalue())
    for found in re.finditer(rb"ispe", content):
        struct.pack_into(">II", content, found.end() + 4, 64, 64)
    return bytes(content)


def hidden_scans(scans: int) -> bytes:
    """A JPEG with restart markers whose further scans are inside of a reserved segment."""
    content = scan_bomb(scans, 256, 256)
    first = content.index(b"\xff\xda")
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return content[:first] + scan + b"\xff\x02" + content[first:]


def overlapping_extents(extents: int) -> bytes:
    """An AVIF whose one item is the whole file, over and over."""
    entry = struct.pack(">HHH", 1, 0, extents) + struct.pack(">II", 0, 0) * extents
    locations = box(b"iloc", struct.pack(">IHH", 0, 0x4400, 1) + entry)
    return avif(item_infos(2), locations) + bytes(10_000)


def track_with_empty_boxes(animation: bytes, *path: bytes) -> bytes:
    """The animation without items; in its track, a copy without what counts is before each box."""
    start = animation.index(b"moov") - 4
    size = int.from_bytes(animation[start : start + 4], "big")
    movie = _with_copies(animation[start + 8 : start + size], [b"trak", *path])
    # Without the brand ``avif`` a file needs no items.
    before = animation[:start].replace(b"meta", b"free").replace(b"avif", b"msf1")
    rest = animation[start + 8 :]  # where it was, so that the offsets stay right
    return before + struct.pack(">I4s", size, b"free") + rest + box(b"moov", movie)


def _with_copies(body: bytes, path: list[bytes]) -> bytes:
    inner = {b"mdia": b"minf", b"minf": b"stbl", b"stbl": b"stco"}
    result = b""
    for kind, content in boxes(body):
        if kind == path[0] and len(path) == 1:
            rest = [box(name, one) for name, one in boxes(content) if name != inner[kind]]
            result += box(kind, b"".join(rest))
        deeper = path[1:] if kind == path[0] else []
        result += box(kind, _with_copies(content, deeper) if deeper else content)
    return result


def layers(width: int, height: int, frames: int) -> bytes:
    """A picture with further frames, which are empty."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "AVIF", speed=10)
    more = b"\x32\x00" * (frames - 1)
    content = bytearray(buffer.getvalue() + more)
    # The length of the box ``mdat``, which is the last one, and that of the only item.
    for place in (content.index(b"mdat") - 4, content.index(b"iloc") + 22):
        [size] = struct.unpack_from(">I", content, place)
        struct.pack_into(">I", content, place, size + len(more))
    return bytes(content)


FRAME_OF_ITS_OWN = zlib.decompress(base64.b64decode(
    "eNpjYGBQSCupLEgsy0xjAAIQnZuZZpibmZjm62joBBR6nZtaksgAAYoZKTlFUDZDQWZyCQMa4CvILMkFsxiBWC4zJz"
    "8ZxHEB8RkhoozCQLoViDUyM/PS4GqlgJxUJigvsczA0Dk/Jx9sV1ZmQVEBkPbOLEjOB9IimcUFqVD7HKBYoCCzIhMk"
    "wMzBwQGkeBLLDJ0bGXhAQsLJ+TlFeck5FUCTeRnYGoBC4pkFuTA/AR3GwsjUzAJk9uamJJZwCQBZ6j8YfzD+3PpJQX"
    "HBhQajQiEGzj/sNScWMDRxKExxBMrrbUl9FntreeByr3CnY7s+BnU4q4i2nqjr3ng0y/TJngkTRFxSVs8898ruYSt3"
    "zSE3oYbdrPGbTW7fFzn8UC10axXDpBmrOTOtODY4reM+8JAjdFLDw1sM/47XLf/kodrOw9kxgwkArSNn1g=="
))  # fmt: skip
"""An AVIF of 64 x 64 pixels, also in its sequence header, whose frame says that it has 640 x 480;
decoders accept it, and one of 3.5 KB with 16,384 x 16,384."""
