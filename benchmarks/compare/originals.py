"""The originals: photographs of two packages, side by side, as large as those of a phone.

scikit-image and scikit-learn contain a few photographs of half a megapixel. Each is enlarged, so
that it is about as sharp as what a phone takes, gets the noise of a small sensor, and is repeated
as a tile. The files are made once, in a folder that Git ignores.
"""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.compare.job import VENV

FOLDER = VENV / "originals"
SOURCES = {
    "skimage/data": "astronaut.png chelsea.png coffee.png rocket.jpg motorcycle_left.png "
    "hubble_deep_field.jpg",
    "sklearn/datasets/images": "china.jpg flower.jpg",
}
ORIENTATION = 0x0112
TURNED = 6
"""Held upright: the picture has to be turned by 90 degrees."""
NOISE = 3
"""Standard deviation, of 255: 12 megapixels need 2.8 MB, as photographs of phones do."""
WARM_UP = (640, 480)


def phone_12mp() -> bytes:
    return _jpeg(_mosaic((4032, 3024), scale=2, noise=NOISE), quality=92)


def phone_48mp() -> bytes:
    return _jpeg(_mosaic((8064, 6048), scale=4, noise=NOISE), quality=88)


def png_12mp() -> bytes:
    """With a soft edge and holes; without noise, which makes a PNG far larger."""
    picture = _mosaic((4000, 3000), scale=3, noise=0)
    alpha = Image.new("L", picture.size)
    draw = ImageDraw.Draw(alpha)
    draw.ellipse((200, 150, 3800, 2850), fill=255)
    for left in range(800, 3200, 600):
        draw.rectangle((left, 1200, left + 200, 1700), fill=0)
    picture.putalpha(alpha.filter(ImageFilter.GaussianBlur(20)))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


MADE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "12mp": ("phone-12mp.jpg", phone_12mp),
    "48mp": ("phone-48mp.jpg", phone_48mp),
    "png": ("alpha-12mp.png", png_12mp),
}
TITLES = {
    "12mp": "JPEG of 12 megapixels",
    "48mp": "JPEG of 48 megapixels",
    "png": "PNG of 12 megapixels with transparency",
}


def originals(names: str = "", folder: str = "") -> dict[str, Path]:
    """The files by name: those of ``folder``, or else the made ones whose names are in ``names``.

    Raises ``SystemExit`` for an unknown name or an empty folder.
    """
    if folder:
        types = {".jpg", ".jpeg", ".png"}
        found = sorted(one for one in Path(folder).iterdir() if one.suffix.lower() in types)
        if not found:
            raise SystemExit(f"PHOTOS={folder} has no .jpg, .jpeg or .png file")
        return {one.stem: one for one in found}
    chosen = [name for name in names.split(",") if name] or list(MADE)
    if unknown := set(chosen) - set(MADE):
        raise SystemExit(f"PICTURES={','.join(unknown)}? Known are: {', '.join(MADE)}")
    return {name: made(name) for name in chosen}


def made(name: str) -> Path:
    """The file, which is made if it is not there."""
    file, make = MADE[name]
    path = FOLDER / file
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_bytes(make())
        new.rename(path)
    return path


def warm_up(suffix: str) -> bytes:
    """A small original of the same format."""
    picture = Image.linear_gradient("L").resize(WARM_UP).convert("RGB")
    if suffix == ".png":
        picture.putalpha(200)
    return _saved(picture, suffix)


def wide(side: int) -> bytes:
    """An original with all versions that costs almost nothing, for the lists."""
    return _saved(Image.linear_gradient("L").resize((side, 16)).convert("RGB"), ".jpg")


def _saved(picture: Image.Image, suffix: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if suffix == ".png" else "JPEG")
    return buffer.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


def _photographs() -> Iterator[Image.Image]:
    for place, files in SOURCES.items():
        package, _slash, folder = place.partition("/")
        found = find_spec(package)  # which does not import it: it needs other packages
        if not (found and found.submodule_search_locations):
            raise SystemExit(f"{package}, whose photographs are needed, is not installed")
        for file in files.split():
            path = Path(found.submodule_search_locations[0], folder, file)
            yield Image.open(path).convert("RGB")


def _mosaic(size: tuple[int, int], *, scale: int, noise: float) -> Image.Image:
    """Tiles in random order, without gaps; the same in every run."""
    tiles = [
        one.resize((one.width * scale, one.height * scale), Image.Resampling.BICUBIC)
        for one in _photographs()
    ]
    chance = random.Random(1)  # noqa: S311 (a picture, not a secret)
    sheet = Image.new("RGB", size)
    height = min(tile.height for tile in tiles)
    for top in range(0, size[1], height):
        chance.shuffle(tiles)
        left = 0
        for tile in itertools.cycle(tiles):
            sheet.paste(tile.crop((0, 0, tile.width, height)), (left, top))
            left += tile.width
            if left >= size[0]:
                break
    return _grainy(sheet, noise) if noise else sheet


def _grainy(picture: Image.Image, sigma: float) -> Image.Image:
    """With normally distributed noise, of which Pillow takes no seed."""
    bands = [
        ImageChops.add(band, Image.effect_noise(picture.size, sigma), offset=-128)
        for band in picture.split()
    ]
    return Image.merge("RGB", bands)
