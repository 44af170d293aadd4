"""The JPEG files of 12 megapixels that are uploaded."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from gallery import samples
from tests.drawing import photo


FLAT = "four colours"


def photos(folder: str = "") -> dict[str, bytes]:
    """Drawn ones; and one made of the photographs in ``folder``, side by side in their own size."""
    width, height = samples.PHONE
    found = {
        "landscape, drawn": samples.as_jpeg(samples.landscape(samples.DAWN, 1)),
        FLAT: photo(width, height),
    }
    if folder:
        found["photographs"] = samples.as_jpeg(_side_by_side(sorted(Path(folder).glob("*.jpg"))))
    return found


def _side_by_side(paths: list[Path]) -> Image.Image:
    sheet = Image.new("RGB", samples.PHONE)
    tiles = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    x = y = number = 0
    while y < sheet.height:
        tile = tiles[number % len(tiles)].crop((0, 0, 1200, 1200))
        sheet.paste(tile, (x, y))
        x, number = x + tile.width, number + 1
        if x >= sheet.width:
            x, y = 0, y + tile.height
    return sheet
