from __future__ import annotations

import pytest

from django_polyimages.versions import Version, from_json, to_json


def test_go_into_a_row_and_out_of_it_unchanged():
    version = Version(
        key="images/img_1_sm.webp",
        width=640,
        height=427,
        byte_size=1234,
        digest="0123456789ab",
        media_type="image/webp",
    )
    assert from_json(to_json({"sm": version})) == {"sm": version}


def test_come_in_the_order_of_the_setting_whatever_the_database_made_of_it():
    record = {"key": "x.webp", "width": 1, "height": 1, "bytes": 1, "digest": ""}
    found = from_json(dict.fromkeys(["old", "lg", "a", "thumb", "sm"], record))
    assert list(found) == ["thumb", "sm", "lg", "a", "old"]


@pytest.mark.parametrize(
    ("key", "media_type"),
    [
        ("images/img_1_sm.webp", "image/webp"),
        ("images/img_1_sm-3fa2c1.avif", "image/avif"),
        ("images/img_1_sm.jpg", "image/jpeg"),
        ("images/img_1_sm.png", "image/png"),
        ("images/img_1_sm", "application/octet-stream"),
    ],
)
def test_without_a_media_type_have_that_of_their_key(key, media_type):
    """As rows of a host's own image model that were written before it was recorded."""
    record = {"key": key, "width": 1, "height": 1, "bytes": 1, "digest": ""}
    assert from_json({"sm": record})["sm"].media_type == media_type
