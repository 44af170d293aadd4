from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms

from django_polyimages.pixels.profiles import Primaries, profile_of

BT709 = Primaries((0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))


def opened(profile: bytes | None) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


def test_the_primaries_of_srgb_give_the_colours_of_littlecms_s_own_srgb():
    own = ImageCms.createProfile("sRGB")
    made = opened(
        profile_of(BT709, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), grey=False)
    )
    for name in ("red_colorant", "green_colorant", "blue_colorant"):
        for ours, theirs in zip(getattr(made.profile, name)[0], getattr(own, name)[0], strict=True):
            assert abs(ours - theirs) < 0.0005


@pytest.mark.parametrize(("gamma", "level"), [(1.0, 188), (2.2, 129), (1e9, 0)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_gamma_is_applied(mode, gamma, level):
    """Half of the strength is 188 of 255 in sRGB (IEC 61966-2-1)."""
    profile = opened(profile_of(BT709, (gamma,), grey=mode == "L"))
    grey = Image.new(mode, (1, 1), (128,) * len(mode) if mode == "RGB" else 128)
    srgb = ImageCms.createProfile("sRGB")
    made = ImageCms.profileToProfile(grey, profile, srgb, outputMode="RGB")
    assert all(abs(value - level) <= 1 for value in made.getpixel((0, 0)))


@pytest.mark.parametrize(
    "primaries",
    [
        Primaries(*[(0.0, 0.0)] * 4),
        Primaries(*[(0.3, 0.3)] * 4),
        Primaries((0.3127, 0.329), (0.64, 0.00001), (0.3, 0.6), (0.15, 21474.8)),
    ],
)
def test_impossible_primaries_are_none_or_a_profile_but_no_error(primaries):
    assert profile_of(primaries, (2.2,), grey=False) is None or len(primaries) == 4
