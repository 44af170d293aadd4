"""The families of files that a site meets, each with what it has to become."""

from __future__ import annotations

import io
import tracemalloc

import pytest
import pyvips
from django.core.files.base import ContentFile
from PIL import Image, ImageChops, ImageFile, ImageStat

from django_polyimages import InvalidImage, VersionSpec
from django_polyimages.pixels.inspection import inspect
from django_polyimages.pixels.scaling import decode, encode, plan, prepare, render
from tests.api.calls import upload
from tests.drawing import upload_of
from tests.helpers import stored_keys
from tests.pixels.odd_files import BAD, ODD

SPECS = [VersionSpec("small", 64, 64, format="PNG"), VersionSpec("other", 64, 64, quality=90)]
AS_IT_LOOKS = 12
"""Of 255, on average: how far libvips and Pillow may be apart, as they scale and convert CMYK in
different ways; a picture on its side or in other colours is 40 and more apart."""


def versions_of(content: bytes) -> list[bytes]:
    file = ContentFile(content)
    work = plan(inspect(file), SPECS)
    return [
        encode(picture, spec)
        for group, picture in render(prepare(decode(file, work), work), work)
        for spec in group
    ]


def on_white(picture: Image.Image) -> Image.Image:
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def seen_by_vips(content: bytes, size: tuple[int, int]) -> Image.Image:
    """What libvips makes of an original: upright, in sRGB, on white."""
    picture = pyvips.Image.thumbnail_buffer(
        content, size[0], height=size[1], size="force", output_profile="srgb"
    )
    picture = picture.colourspace("srgb").cast("uchar")
    return on_white(Image.open(io.BytesIO(picture.write_to_buffer(".png"))))


NOT_COMPARED = ("frames: AVIF", "profile: of another space", "mode: CMYK")
"""libvips reads no animated AVIF, applies a profile of RGB to grey, and has a profile for CMYK."""


@pytest.mark.filterwarnings("ignore")  # of Pillow, about EXIF data
@pytest.mark.parametrize("case", ODD)
def test_an_odd_file_gives_the_versions_that_another_decoder_gives(case):
    versions = versions_of(ODD[case])
    assert not any(b"MARKER-4711" in version for version in versions)
    small, other = (Image.open(io.BytesIO(version)) for version in versions)
    assert (small.format, other.format) == ("PNG", "WEBP")
    assert small.size == other.size
    if case not in NOT_COMPARED:
        pair = on_white(small), seen_by_vips(ODD[case], small.size)
        difference = ImageStat.Stat(ImageChops.difference(*pair)).mean
        assert max(difference) < AS_IT_LOOKS


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused(case, monkeypatch):
    if case.startswith("pixels"):
        monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("was decoded"))
    tracemalloc.start()
    with pytest.raises(InvalidImage):
        versions_of(BAD[case])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.django_db
@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_a_400_whatever_it_is_called(case, client):
    answer = upload(client, upload_of(BAD[case], "photo.jpg"))
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "code"}
    assert stored_keys() == []
