from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_polyimages import VersionSpec
from django_polyimages.conf import Settings, get_settings, load_settings
from django_polyimages.specs import DEFAULT_VERSIONS


def test_without_options_the_defaults_hold():
    settings = load_settings({})
    assert settings == Settings()
    assert settings.versions == DEFAULT_VERSIONS
    assert settings.version_names == ("thumb", "sm", "md", "lg")
    assert settings.max_bytes == 20_971_520
    assert settings.pixels_of("JPEG") == 50_000_000


@pytest.mark.parametrize(
    ("option", "jpeg", "webp"),
    [(7, 7, 7), ({"WEBP": 7}, 50_000_000, 7), ({}, 50_000_000, 20_000_000)],
)
def test_pixels_are_limited_for_all_formats_or_by_format(option, jpeg, webp):
    settings = load_settings({"MAX_PIXELS": option})
    assert (settings.pixels_of("JPEG"), settings.pixels_of("WEBP")) == (jpeg, webp)


def test_options_replace_defaults():
    spec = VersionSpec("big", 3000, 3000)
    settings = load_settings({"VERSIONS": [spec], "FORMATS": ["PNG"], "MAX_BYTES": 10})
    assert (settings.versions, settings.formats, settings.max_bytes) == ((spec,), ("PNG",), 10)


def test_a_changed_setting_is_seen_at_once(settings):
    settings.POLYIMAGES = {"MAX_IDS": 7}
    assert get_settings().max_ids == 7
    settings.POLYIMAGES = {}
    assert get_settings().max_ids == 1000


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"MAX_BYTE": 1}, "unknown key 'MAX_BYTE': did you mean 'MAX_BYTES'?"),
        ({"XYZ": 1}, "unknown key 'XYZ': choose from ORGANIZATION_MODEL,"),
        ({"MAX_BYTES": "20"}, "MAX_BYTES must be of type int, not '20'."),
        ({"MAX_BYTES": True}, "MAX_BYTES must be of type int, not True."),
        ({"MAX_PIXELS": 0}, "MAX_PIXELS must be positive, not 0."),
        ({"MAX_PIXELS": True}, "MAX_PIXELS must be positive, not True"),
        (
            {"MAX_PIXELS": {"PNG": "5"}},
            "must be positive, not {'PNG': '5'}. Write an int, or a dict",
        ),
        ({"MAX_PIXELS": {"TIFF": 5}}, "MAX_PIXELS has the unknown format 'TIFF': choose from JPEG"),
        ({"MAX_MEMORY": 0}, "MAX_MEMORY must be positive, not 0."),
        (
            {"ORIGINAL_METADATA": "drop"},
            "ORIGINAL_METADATA must be one of 'keep', 'strip', not 'drop'",
        ),
        ({"ORIGINAL_METADATA": None}, "ORIGINAL_METADATA must be of type str, not None."),
        ({"URL_WINDOW": 0}, "URL_WINDOW must be positive, not 0."),
        ({"URL_WINDOW": "3600"}, "URL_WINDOW must be of type int, not '3600'."),
        ({"MAX_WAIT": 0.5}, "MAX_WAIT must be of type int, not 0.5."),
        ({"STORAGE": 1}, "STORAGE must be of type str, not 1."),
        ({"STORAGE": None}, "STORAGE must be of type str, not None."),
        ({"ORIGINAL_STORAGE": True}, "ORIGINAL_STORAGE must be of type str, not True."),
        ({"FORMATS": ["JPEG", "TIFF"]}, "choose from JPEG, PNG, WEBP, GIF, AVIF."),
        ({"FORMATS": []}, "choose from JPEG"),
        (
            {"VERSIONS": [{"name": "x"}]},
            "VERSIONS must contain VersionSpec objects, not {'name': 'x'}: write VersionSpec(",
        ),
        ({"VERSIONS": [("x", 1, 1)]}, "VersionSpec objects, not ('x', 1, 1)"),
        ({"FORMATS": [["PNG"]]}, "choose from JPEG"),
        ({"FORMATS": ["jpeg"]}, "choose from JPEG"),
        ({"IMAGE_MODEL": "Image"}, "IMAGE_MODEL must have the form 'app_label.Model', not 'Image'"),
        (
            {"RELATION_MODEL": "shops.models.Use"},
            "must have the form 'app_label.Model', not 'shops.models.Use'.",
        ),
        (
            {"ORGANIZATION_MODEL": ""},
            "ORGANIZATION_MODEL must have the form 'app_label.Model', not ''",
        ),
        ([("MAX_BYTES", 1)], "POLYIMAGES must be a dict, not [('MAX_BYTES', 1)]."),
        ({"VERSIONS": [VersionSpec("x", 1, 1)] * 2}, "two specs have the same name: ['x', 'x']."),
        (
            {"VERSIONS": [VersionSpec("x", 1, 1), VersionSpec("y", 1, 1, suffix="_x")]},
            "two specs have the same suffix",
        ),
        ({"VERSIONS": 5}, "VERSIONS must be of type tuple, not 5."),
        ({"FORMATS": None}, "FORMATS must be of type tuple, not None."),
        ({"UPLOAD_PREFIX": "./"}, "such as 'images/', not './'."),
        ({"UPLOAD_PREFIX": "a//"}, "such as 'images/', not 'a//'."),
        ({"VERSIONS": []}, "VERSIONS is empty"),
        ({"UPLOAD_PREFIX": "/images/"}, "such as 'images/', not '/images/'."),
        ({"UPLOAD_PREFIX": "images"}, "such as 'images/', not 'images'."),
        ({"UPLOAD_PREFIX": "../images/"}, "such as 'images/', not '../images/'."),
        ({"WEBP_METHOD": 7}, "WEBP_METHOD must be from 0 to 6, not 7."),
        ({"WEBP_METHOD": -1}, "WEBP_METHOD must be from 0 to 6, not -1"),
        (
            {"PLACEHOLDER": "blur"},
            "PLACEHOLDER must be one of 'preview', 'color', 'none', not 'blur'.",
        ),
        ({"MAX_BYTES": 10, "MAX_REQUEST_BYTES": 9}, "MAX_REQUEST_BYTES is 9, less than MAX_BYTES"),
        ({"GENERATE": "later"}, "GENERATE must be 'inline', 'task' or the dotted path"),
    ],
)
def test_a_wrong_option_says_what_is_allowed(options, complaint):
    with pytest.raises(ImproperlyConfigured) as caught:
        load_settings(options)
    assert complaint in str(caught.value)


def test_webp_method_may_be_zero():
    assert load_settings({"WEBP_METHOD": 0}).webp_method == 0
