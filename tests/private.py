"""Pictures with everything that cameras, phones and editors write beside the pixels."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from PIL import Image

from django_polyimages.pixels.samples import boxes, locations_of
from tests.attacks import box
from tests.drawing import chunk, quarters, swapped_srgb, to_bytes

MARKER = b"MARKER-4711"
TEXT = MARKER.decode()
XMP = (
    b'<?xpacket?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + MARKER + b"</rdf:RDF></x:xmpmeta>"
)
FILM = box(b"ftyp", b"mp42") + box(b"moov", box(b"udta", box(b"\xa9xyz", MARKER)))
"""The film of a motion photo, with its position."""

AVIF = {
    "bytes of no item": (b"",),
    "item of no known kind": (b"", b"", b"prvt"),
    "picture of another kind": (b"", b"", b"jpeg"),
    "thumbnail": (
        box(b"iref", bytes(4) + box(b"thmb", struct.pack(">HHH", 9, 1, 1))),
        b"",
        b"av01",
    ),
    "description": (b"", box(b"udes", bytes(4) + b"en\0" + (MARKER + b"\0") * 3)),
    "property of no known kind": (b"", box(b"prvt", MARKER)),
    "list of no known kind": (box(b"prvt", MARKER),),
}.items()


def private_exif(orientation: int = 1) -> Image.Exif:
    """A position, a serial number, maker notes and names."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = exif[0x010F] = exif[0x013B] = TEXT
    exif.get_ifd(0x8769).update({0x927C: MARKER * 40, 0xA431: TEXT, 0x9286: MARKER})
    position = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0), 29: TEXT}
    exif.get_ifd(0x8825).update(position)
    return exif


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segments(plain: bytes, *segments: bytes) -> bytes:
    """A JPEG with these segments behind its first one, which is that of JFIF."""
    end = 4 + int.from_bytes(plain[4:6], "big")
    return plain[:end] + b"".join(segments) + plain[end:]


SEGMENTS = {
    "EXIF": segment(0xE1, private_exif().tobytes()),
    "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
    "more XMP": segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + XMP),
    "IPTC of Photoshop": segment(
        0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x78\0\x0b" + MARKER
    ),
    "comment": segment(0xFE, MARKER),
    "thumbnail of JFIF": segment(0xE0, b"JFXX\0\x10" + MARKER),
    "JFIF with a thumbnail": segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\3\3" + MARKER + bytes(16)),
    "FlashPix": segment(0xE2, b"FPXR\0" + MARKER),
    "Ducky": segment(0xEC, b"Ducky\0" + MARKER),
    "C2PA": segment(0xEB, b"JP" + MARKER),
    "Adobe, and more": segment(0xEE, b"Adobe\0\x64" + bytes(4) + b"\1" + MARKER),
    "of no known kind": segment(0xE7, MARKER),
}
CHUNKS = {
    "text": chunk(b"tEXt", b"Comment\0" + MARKER),
    "compressed text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(MARKER, 0)),
    "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    "time": chunk(b"tIME", struct.pack(">HBBBBB", 2026, 11, 26, 7, 30, 0)),
    "EXIF": chunk(b"eXIf", private_exif().tobytes()[6:]),
    "C2PA": chunk(b"caBX", MARKER),
    "of no known kind": chunk(b"prVt", MARKER),
}
EXTENSIONS = {
    "comment": b"!\xfe\x0b" + MARKER + b"\0",
    "XMP": b"!\xff\x0bXMP DataXMP\x0b" + MARKER + b"\0",
    "of no known kind": b"!\x42\x0b" + MARKER + b"\0",
}


def in_png(plain: bytes, *extra: bytes, late: bytes = b"") -> bytes:
    """A PNG with these chunks behind its header, and ``late`` ones before its end."""
    return plain[:33] + b"".join(extra) + plain[33:-12] + late + plain[-12:]


def in_gif(plain: bytes, *extra: bytes) -> bytes:
    """A GIF with these blocks before its first frame, and again before its end."""
    place = 13 + (3 * 2 ** ((plain[10] & 7) + 1) if plain[10] & 0x80 else 0)
    return plain[:place] + b"".join(extra) + plain[place:-1] + b"".join(extra) + plain[-1:]


def in_webp(plain: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    more = b"".join(
        struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(plain) - 8 + len(more)) + plain[8:] + more


def in_frame(plain: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP with these chunks inside of its first frame."""
    start = plain.index(b"ANMF")
    end = start + 8 + int.from_bytes(plain[start + 4 : start + 8], "little")
    frame = in_webp(bytes(8) + plain[start + 8 : end], *chunks)[8:]
    frame = b"ANMF" + struct.pack("<I", len(frame)) + frame
    return in_webp(plain[:start] + frame + plain[end:])


def in_avif(plain: bytes, in_meta: bytes, in_properties: bytes = b"", item: bytes = b"") -> bytes:
    """An AVIF with more boxes in ``meta`` and ``ipco``, and an item of this type behind it."""
    head = dict(boxes(plain))
    meta = dict(boxes(head[b"meta"][4:]))
    properties = dict(boxes(meta[b"iprp"]))
    [(number, _method, [(start, length)])] = locations_of(meta[b"iloc"])
    pixels, items = plain[start : start + length], meta[b"iinf"][6:]
    if item:
        items += box(b"infe", struct.pack(">IHH4s", 2 << 24, 9, 0, item) + MARKER + b"\0")
    both = [(number, len(pixels)), (9, len(MARKER))][: 2 if item else 1]

    def begin(place: int) -> bytes:
        places = [place, place + len(pixels)]
        located = b"".join(
            struct.pack(">HHHII", one, 0, 1, at, size)
            for (one, size), at in zip(both, places, strict=False)
        )
        lists = {
            b"iinf": bytes(4) + struct.pack(">H", len(both)) + items,
            b"iloc": struct.pack(">IHH", 0, 0x4400, len(both)) + located,
            b"iprp": box(b"ipco", properties[b"ipco"] + in_properties)
            + box(b"ipma", properties[b"ipma"]),
        }
        inner = b"".join(box(kind, body) for kind, body in (meta | lists).items())
        return box(b"ftyp", head[b"ftyp"]) + box(b"meta", bytes(4) + inner + in_meta)

    content = begin(len(begin(0)) + 8)
    return content + box(b"mdat", pixels + MARKER)


def frames(width: int = 64, height: int = 48) -> dict[str, Any]:
    picture = quarters(width, height)
    return {"save_all": True, "append_images": [picture.rotate(turn) for turn in (90, 180)]}


def _pictures() -> dict[str, bytes]:
    small = quarters(64, 48)
    options: dict[str, Any] = {"exif": private_exif(), "xmp": XMP}
    jpeg, png, gif = (to_bytes(small, name) for name in ("JPEG", "PNG", "GIF"))
    pictures = {f"JPEG, {kind}": with_segments(jpeg, extra) for kind, extra in SEGMENTS.items()} | {
        f"PNG, {kind}": in_png(png, extra) for kind, extra in CHUNKS.items() if kind != "time"
    }
    pictures |= {f"GIF, {kind}": in_gif(gif, extra) for kind, extra in EXTENSIONS.items()}
    scans = to_bytes(small, progressive=True)
    last = scans.rindex(b"\xff\xda")
    animation = to_bytes(small, "WEBP", **frames())
    cmyk = to_bytes(small.convert("CMYK"), icc_profile=swapped_srgb(), **options)
    pairs = {"exif": private_exif(), "save_all": True, "append_images": [small.rotate(90)]}
    return pictures | {
        "JPEG, between its scans": scans[:last] + SEGMENTS["comment"] + scans[last:],
        "JPEG, CMYK": cmyk,
        "JPEG, two pictures": to_bytes(small, "MPO", **pairs),
        "JPEG, film": jpeg + FILM,
        "PNG, after the pixels": in_png(png, late=b"".join(CHUNKS.values())),
        "PNG, film": png + FILM,
        "PNG, animation": in_png(to_bytes(small, "PNG", **frames()), *CHUNKS.values()),
        "WebP": to_bytes(small, "WEBP", **options),
        "WebP, lossless": to_bytes(small.convert("RGBA"), "WEBP", lossless=True, **options),
        "WebP, animation": to_bytes(small, "WEBP", **options, **frames()),
        "WebP, of no known kind": in_webp(to_bytes(small, "WEBP", **options), (b"prvt", MARKER)),
        "WebP, film": to_bytes(small, "WEBP") + FILM,
        "AVIF": to_bytes(small, "AVIF", **options),
        "AVIF, animation": to_bytes(small, "AVIF", **options, **frames()),
        "AVIF, box of no known kind": to_bytes(small, "AVIF") + box(b"uuid", bytes(16) + MARKER),
        "AVIF, no box": to_bytes(small, "AVIF") + b"\0\0\0\4" + MARKER,
        "GIF, animation": in_gif(to_bytes(small, "GIF", **frames()), *EXTENSIONS.values()),
        "GIF, film": gif + FILM,
        "JPEG, number of lines": with_segments(jpeg, segment(0xDC, MARKER)),
        "PNG, critical chunk of no known kind": in_png(png, late=chunk(b"PRVT", MARKER)),
        "PNG, end": png[:-12] + chunk(b"IEND", MARKER),
        "PNG, gamma": in_png(png, chunk(b"gAMA", struct.pack(">I", 45455) + MARKER)),
        "PNG, suggested colours": in_png(png, chunk(b"sPLT", MARKER + b"\0\x08" + bytes(6))),
        "WebP, inside of a frame": in_frame(animation, (b"EXIF", MARKER), (b"prvt", MARKER)),
        "GIF, text": in_gif(gif, b"!\x01\x0c" + bytes(12) + b"\x0b" + MARKER + b"\0"),
        "GIF, control": in_gif(gif, b"!\xf9\4" + bytes(4) + b"\x0b" + MARKER + b"\0"),
        "GIF, loop": in_gif(gif, b"!\xff\x0bNETSCAPE2.0\3\1\0\0\x0b" + MARKER + b"\0"),
        "AVIF, no item": to_bytes(small, "AVIF") + box(b"mdat", MARKER),
        **{f"AVIF, {kind}": in_avif(to_bytes(small, "AVIF"), *parts) for kind, parts in AVIF},
    }  # fmt: skip


PRIVATE = _pictures()
"""By what they have and where; each contains ``MARKER``."""
