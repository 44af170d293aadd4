from __future__ import annotations

from typing import get_args

import pytest
from PIL import Image, features

from django_polyimages.formats import BEST_FIRST, FORMATS, OriginalFormat, VersionFormat


@pytest.mark.parametrize("name", FORMATS)
def test_pillow_knows_each_format_by_the_same_facts(name):
    Image.init()
    known = FORMATS[name]
    assert name in Image.OPEN
    assert Image.MIME[name] == known.media_type
    assert Image.registered_extensions()[f".{known.extension}"] == name
    assert not known.pillow_feature or features.check(known.pillow_feature)


def test_the_formats_of_versions_are_some_of_those():
    assert set(get_args(OriginalFormat)) == set(FORMATS)
    assert set(get_args(VersionFormat)) == set(FORMATS) - {"GIF"}
    assert set(get_args(VersionFormat)) <= set(Image.SAVE)


def test_each_format_of_versions_has_a_place_in_the_order():
    assert sorted(BEST_FIRST) == sorted(get_args(VersionFormat))
