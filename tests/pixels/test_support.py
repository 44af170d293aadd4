from __future__ import annotations

import pytest
from PIL import Image, features

from django_polyimages.formats import FORMATS
from django_polyimages.pixels.support import is_supported, most_pixels


def test_pillow_s_wheel_supports_every_format():
    assert [name for name in FORMATS if not is_supported(name)] == []


def test_a_format_whose_library_is_missing_is_not_supported(monkeypatch):
    monkeypatch.setattr(features, "check", lambda feature: feature != "avif")
    assert [name for name in FORMATS if not is_supported(name)] == ["AVIF"]


@pytest.mark.parametrize(("limit", "most"), [(1000, (1000, 2000)), (None, None)])
def test_pillow_warns_above_its_limit_and_fails_above_twice_as_many(monkeypatch, limit, most):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert most_pixels() == most
