from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import PIL
import pytest
from PIL import Image, ImageChops, ImageFilter

from django_polyimages.pixels import resampling
from django_polyimages.pixels.resampling import fault, is_fast, scaled
from tests.helpers import require_resizer

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src" / "django_polyimages"
LANCZOS = Image.Resampling.LANCZOS
PILLOW = """
from PIL import Image

class FilterType: lanczos3 = 5
class ResizeAlg: convolution = staticmethod(lambda kind: kind)
class CropBox:
    def __init__(self, left, top, width, height):
        self.box = (left, top, left + width, top + height)
class ResizeOptions:
    def __init__(self, algorithm, crop_box): self.box = crop_box.box
class Resizer:
    def resize_pil(self, source, result, options):
        %s
        result.paste(source.resize(result.size, Image.Resampling.LANCZOS, box=options.box))
"""
"""A package with the names of cykooz-resizer, in which Pillow does the work."""
UNUSABLE = {
    "a library that cannot be loaded": "raise ImportError('undefined symbol: PyCapsule')",
    "a release without these names": "class Resizer: pass",
    "a release with other arguments": (PILLOW % "pass").replace("result, options", "result"),
    "another filter": (PILLOW % "pass").replace("Resampling.LANCZOS", "Resampling.BICUBIC"),
    "a structure that it does not find": PILLOW % "raise RuntimeError('Unable to get the struct')",
    "wrong pixels": PILLOW % "source = source.transpose(0)",
    "no pixels at all": PILLOW % "return",
    "hidden colours that bleed": PILLOW
    % "source = source.convert('RGB').convert(source.mode) if source.mode == 'RGBA' else source",
}


def noise(mode: str, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Without the sharpest edges, whose overshoot is cut off in another order."""
    bands = [Image.effect_noise(size, 60).filter(ImageFilter.BoxBlur(1)) for _ in mode]
    return Image.merge(mode, bands)


def most_different(one: Image.Image, other: Image.Image) -> int:
    """Of 255, for any pixel; colours count as much as they are visible."""
    assert (one.mode, one.size) == (other.mode, other.size)
    visible = [each.convert("RGBa") if each.mode == "RGBA" else each for each in (one, other)]
    pairs = zip(*(each.split() for each in visible), strict=True)
    return max(ImageChops.difference(*pair).getextrema()[1] for pair in pairs)


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Makes a package named cykooz_resizer, with this content, the one that is found first."""

    def install(content: str) -> None:
        package = tmp_path / "cykooz_resizer"
        package.mkdir()
        (package / "__init__.py").write_text(content)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    for name in [name for name in sys.modules if name.partition(".")[0] == "cykooz_resizer"]:
        monkeypatch.delitem(sys.modules, name)
    resampling._found.cache_clear()
    yield install
    resampling._found.cache_clear()
    sys.modules.pop("cykooz_resizer", None)


SIZES = [
    ((200, 150), None),
    ((37, 200), None),
    ((410, 308), None),
    ((1, 1), None),
    ((1, 150), None),
    ((400, 20), None),
    ((100, 100), (10.5, 20.25, 300.75, 250.5)),
]


@pytest.mark.parametrize(("size", "box"), SIZES, ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
def test_the_resizer_gives_the_pixels_of_pillow(mode, size, box):
    require_resizer()
    assert is_fast()
    picture = noise(mode)
    alone = picture.resize(size, LANCZOS, box=box)
    assert most_different(scaled(picture, size, box=box), alone) <= 4


@pytest.mark.parametrize("mode", ["LA", "La", "I", "F", "YCbCr"])
def test_modes_that_it_does_not_know_are_scaled_by_pillow(mode):
    picture = noise("RGB").convert("L").convert(mode if mode != "La" else "LA").convert(mode)
    alone = picture.resize((100, 75), LANCZOS)
    made = scaled(picture, (100, 75))
    assert (made.mode, made.tobytes()) == (mode, alone.tobytes())


@pytest.mark.parametrize("size", [(65_535, 1), (1, 65_535), (1, 1), (65_535, 3)])
def test_long_thin_pictures_have_the_colour_they_had(size):
    made = scaled(Image.new("RGB", size, (10, 120, 230)), tuple(-(-side // 32) for side in size))
    assert made.getextrema() == ((10, 10), (120, 120), (230, 230))


def test_hidden_colours_have_no_effect():
    picture = Image.new("RGBA", (400, 400), (255, 255, 255, 255))
    picture.paste((255, 0, 0, 0), (0, 0, 199, 400))
    made = scaled(picture, (100, 100))
    assert min(made.getpixel((49, y))[1] for y in range(100)) > 240
    assert made.getpixel((10, 10))[3] == 0


def test_it_starts_no_thread_and_works_after_a_fork():
    require_resizer()
    program = """
import os
from PIL import Image
from django_polyimages.pixels.resampling import is_fast, scaled
picture = Image.new("RGB", (3000, 2000), "teal")
assert is_fast()
before = scaled(picture, (1500, 1000)).tobytes()
assert len(os.listdir("/proc/self/task")) == 1, "threads"
child = os.fork()
if not child:
    os._exit(0 if scaled(picture, (1500, 1000)).tobytes() == before else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_resizer_that_does_not_fit_is_not_used(installed, case):
    installed(UNUSABLE[case])
    picture = noise("RGBA")
    assert not is_fast()
    assert fault()
    assert scaled(picture, (99, 77)).tobytes() == picture.resize((99, 77), LANCZOS).tobytes()


def test_one_that_fits_is_used(installed):
    installed(PILLOW % "open(__file__ + '.used', 'a').close()")
    assert is_fast()
    assert not fault()
    assert (Path(sys.modules["cykooz_resizer"].__file__ + ".used")).exists()


def test_it_is_not_even_imported_with_a_pillow_that_it_may_not_know(installed, monkeypatch):
    """It would follow addresses in a structure that may be another one, which ends the process."""
    installed("raise SystemExit('imported')")
    monkeypatch.setattr(PIL, "__version__", "14.0.0")
    assert not is_fast()
    assert "Pillow 14.0.0" in fault()


def test_where_it_is_not_installed_nothing_is_wrong(installed, monkeypatch):
    monkeypatch.setattr(resampling, "find_spec", lambda name: None)
    assert (is_fast(), fault()) == (False, "")


def test_a_picture_that_it_refuses_is_scaled_by_pillow(installed, caplog):
    installed(PILLOW % "if source.width > 1000: raise RuntimeError('out of boundaries')")
    picture = noise("RGB", (1200, 30))
    assert is_fast()
    made = scaled(picture, (99, 7))
    assert made.tobytes() == picture.resize((99, 7), LANCZOS).tobytes()
    assert "out of boundaries" in caplog.text


def test_it_scales_every_part_up_to_the_edge(caplog):
    """As ``_cropped()`` computes the part: its sides times a scale may end behind the edge, by less
    than a float of 32 bits shows.
    """
    require_resizer()
    assert is_fast()
    for whole, side in ((25, 7), (334, 95), (1697, 848), (2861, 897), (3896, 2040)):
        picture, scale = Image.new("L", (side, side)), side / whole
        for first in range(0, whole, max(1, whole // 100)):
            for box in (
                (first * scale, 0, whole * scale, side),
                (0, first * scale, side, whole * scale),
            ):
                scaled(picture, (2, 2), box=box)
    assert caplog.text == ""


def test_nothing_else_scales():
    calls = re.compile(r"\.(resize|thumbnail|reduce|transform)\(|ImageOps\.(fit|contain|pad|scale)")
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if calls.search(path.read_text().replace("def thumbnail(", ""))
    }
    assert found == {"pixels/resampling.py"}
