"""Compares the versions that the package makes with LANCZOS from all pixels: SSIM and bytes.

    .venv/bin/pip install --target FOLDER -r benchmarks/requirements-quality.txt
    PYTHONPATH=FOLDER .venv/bin/python benchmarks/quality.py [--photographs FOLDER] [NAME]

The reference is each version as Pillow scales it from the whole decoded original. Both its encoding
and that of the package's version, with the same quality, are compared with it; the table has the
difference of the two SSIM (of the brightness) and of the bytes.

The photographs are those in scikit-image and scikit-learn, and those in a folder: side by side in
their own size, which is as sharp as pictures get, or enlarged first.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import example  # noqa: F401  must come first: it sets up Django

import skimage
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageOps
from skimage.metrics import structural_similarity

from django_polyimages.pixels import resampling
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.photographs import Planes
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from django_polyimages.specs import DEFAULT_VERSIONS

PHONE, LARGE = (4032, 3024), (8064, 6048)
FOLDERS = [
    Path(find_spec(package).origin).parent.joinpath(*folder)  # importing them takes seconds
    for package, *folder in (("skimage", "data"), ("sklearn", "datasets", "images"))
]


@dataclass(frozen=True)
class Picture:
    """How an original is made of a photograph, which may be enlarged; the rest are for the JPEG."""

    photograph: str
    enlarged: float = 1.0
    size: tuple[int, int] = PHONE
    quality: int = 90
    subsampling: int = 2
    progressive: bool = False

    def __str__(self) -> str:
        megapixels = f"{self.size[0] * self.size[1] / 1_000_000:.0f} MP"
        return f"{self.photograph} x {self.enlarged:g}, {megapixels}, q {self.quality}" + (
            ", progressive" * self.progressive + ", 4:4:4" * (not self.subsampling)
        )


PICTURES = [
    Picture("astronaut"),
    Picture("astronaut", 1.5, quality=92),
    Picture("astronaut", size=LARGE),
    Picture("brick", quality=85),
    Picture("chelsea", quality=92, subsampling=0),
    Picture("china"),
    Picture("china", 2, quality=95),
    Picture("china", 4, LARGE, 92),
    Picture("coffee", quality=88),
    Picture("coffee", 3, quality=95),
    Picture("flower", 2, quality=92),
    Picture("flower", 8, LARGE),
    Picture("grass"),
    Picture("hubble_deep_field"),
    Picture("hubble_deep_field", 1.5, quality=92),
    Picture("hubble_deep_field", 3, LARGE, 92),
    Picture("ihc", 1.5, quality=85),
    Picture("motorcycle_left", quality=92),
    Picture("motorcycle_left", 2, quality=92, subsampling=0),
    Picture("motorcycle_left", 2, quality=92, progressive=True),
    Picture("retina", quality=92),
    Picture("retina", 2.86, quality=92),
    Picture("retina", 2, LARGE, 92),
    Picture("rocket", 3, quality=85),
]


def of_a_folder(folder: Path) -> list[Picture]:
    kinds = ((1, PHONE, 90), (1.5, PHONE, 92), (1, LARGE, 88), (2.5, LARGE, 92))
    return [Picture(path.stem, *kind) for path in sorted(folder.glob("*.jpg")) for kind in kinds]


def original(picture: Picture, folders: list[Path]) -> bytes:
    name = f"{picture.photograph}.*"
    [path, *_] = [path for folder in folders for path in folder.glob(name)]
    tile = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    tile = tile.resize([round(side * picture.enlarged) for side in tile.size], resampling.LANCZOS)
    sheet = Image.new("RGB", picture.size)
    for across, left in enumerate(range(0, sheet.width, tile.width)):
        for down, upper in enumerate(range(0, sheet.height, tile.height)):
            turned = ImageOps.mirror(tile) if across % 2 else tile  # so that no edge is visible
            sheet.paste(ImageOps.flip(turned) if down % 2 else turned, (left, upper))
    return saved(sheet, picture)


def saved(sheet: Image.Image, picture: Picture) -> bytes:
    buffer = io.BytesIO()
    sheet.save(
        buffer,
        "JPEG",
        quality=picture.quality,
        subsampling=picture.subsampling,
        progressive=picture.progressive,
    )
    return buffer.getvalue()


def chart(size: tuple[int, int]) -> Image.Image:
    """Thin lines at every angle and distance, and rings that become finer: what shows moire."""
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    middle = size[0] // 4, size[1] // 2
    radius, step = 4.0, 16.0
    while radius < size[1] / 2:
        draw.circle(middle, radius, outline="black", width=max(1, int(step / 2)))
        radius, step = radius + step, max(2.0, step * 0.985)
    for number in range(120):
        x = size[0] // 2 + number * size[0] // 260
        draw.line((x, 0, x + number * 6, size[1] // 3), fill=("black", "red", "blue")[number % 3])
    for number in range(400):
        y = size[1] // 3 + int(number**1.2)
        draw.line((size[0] // 2, y, size[0], y), fill="black", width=1 + number // 200)
    return sheet


def versions(content: bytes) -> tuple[str, dict[str, bytes]]:
    """How the package has decoded it, and what it makes of it."""
    file = ContentFile(content)
    wanted = plan(inspect(file), DEFAULT_VERSIONS)
    pixels = decode(file, wanted)
    kind = f"{'planes' if isinstance(pixels, Planes) else 'RGB'} of {pixels.size[0]}"
    made = render(prepare(pixels, wanted), wanted)
    return kind, {one.name: encode(image, one) for group, image in made for one in group}


def references(content: bytes) -> Iterator[tuple[str, Image.Image, bytes]]:
    """Each version from all pixels, and its encoding."""
    whole = Image.open(io.BytesIO(content)).convert("RGB")
    for spec in DEFAULT_VERSIONS:
        scaled = whole.resize(spec.target(*whole.size).size, resampling.LANCZOS)
        yield spec.name, scaled, encode(scaled, spec)


def ssim(encoded: bytes, reference: Image.Image) -> float:
    made = Image.open(io.BytesIO(encoded)).convert("L")
    return float(structural_similarity(numbers(made), numbers(reference.convert("L"))))


def numbers(picture: Image.Image) -> object:
    return skimage.util.img_as_ubyte(picture)


def by_pillow() -> contextlib.AbstractContextManager[object]:
    return mock.patch.object(resampling, "_found", return_value=(None, ""))


def compare(content: bytes) -> Iterator[tuple[str, str, dict[str, tuple[float, float]]]]:
    """What scaled, how the original was decoded, and for each version SSIM and bytes."""
    wanted = list(references(content))
    bases = {name: ssim(encoded, reference) for name, reference, encoded in wanted}
    for kind, patch in (("Pillow", by_pillow()), ("cykooz-resizer", contextlib.nullcontext())):
        with patch:
            if kind != "Pillow" and not resampling.is_fast():
                return
            decoded, made = versions(content)
        found = {
            name: (ssim(made[name], reference) - bases[name], len(made[name]) / len(encoded) - 1)
            for name, reference, encoded in wanted
        }
        yield kind, decoded, found


def main(wanted: str, folder: Path | None) -> None:
    names = [spec.name for spec in reversed(DEFAULT_VERSIONS)]
    pictures = PICTURES + (of_a_folder(folder) if folder else [])
    folders = [*FOLDERS, *([folder] if folder else [])]
    print("| original | scaled by | decoded as | " + " | ".join(names) + " |")
    print("|---" * (3 + len(names)) + "|")
    losses: dict[tuple[str, str], list[float]] = {}
    originals = ((str(one), lambda one=one: original(one, folders)) for one in pictures)
    charts = [("chart, 12 MP, q 92", lambda: saved(chart(PHONE), Picture("chart", quality=92)))]
    for title, draw in [*originals, *charts]:
        if not re.search(wanted, title):
            continue
        content = draw()
        for kind, decoded, found in compare(content):
            cells = ["{:+.4f}, {:+.1%}".format(*found[name]) for name in names]
            row = (title, kind, decoded, *cells)
            print(f"| {' | '.join(row)} |", flush=True)
            for name in () if title.startswith("chart") else names:
                losses.setdefault((kind, name), []).append(found[name][0])
    print(
        "\n| SSIM of all photographs | "
        + " | ".join(names)
        + " |\n|---"
        + "|---" * len(names)
        + "|"
    )
    for kind in dict.fromkeys(kind for kind, _name in losses):
        for title, of in (("mean", statistics.mean), ("worst", min)):
            cells = [f"{of(losses[kind, name]):+.4f}" for name in names]
            print(f"| {kind}, {title} | {' | '.join(cells)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", default="", help="a regular expression")
    parser.add_argument("--photographs", type=Path, help="a folder with more of them, *.jpg")
    given = parser.parse_args()
    main(given.name, given.photographs)
