from __future__ import annotations

import copy
import json
import pickle

import pytest

from django_polyimages.versions import Version, Versions, from_json

RECORD = {
    "key": "images/img_1_sm.webp",
    "width": 640,
    "height": 427,
    "bytes": 1234,
    "digest": "0123456789ab",
    "media_type": "image/webp",
}


def test_a_version_is_its_record_with_attributes():
    version = Version(
        key="images/img_1_sm.webp",
        width=640,
        height=427,
        byte_size=1234,
        digest="0123456789ab",
        media_type="image/webp",
    )
    assert json.loads(json.dumps(version)) == RECORD
    assert from_json({"sm": RECORD})["sm"] == version
    assert {name: getattr(version, name) for name in RECORD if name != "bytes"} == {
        name: value for name, value in RECORD.items() if name != "bytes"
    }
    assert (version.byte_size, version.url) == (1234, "/media/images/img_1_sm.webp")


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_are_copied_and_pickled(twin):
    versions = twin(from_json({"sm": RECORD}))
    assert (type(versions), type(versions["sm"])) == (Versions, Version)
    assert versions == {"sm": RECORD}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("huge", "There is no version 'huge'. This image has: sm. For another one, add a Version"),
        ("lg", "There is no version 'lg'. This image has: sm. It has a spec but was not generat"),
    ],
)
def test_a_name_without_a_version_is_explained(name, message):
    versions = from_json({"sm": RECORD})
    with pytest.raises(KeyError) as raised:
        versions[name]
    assert message in raised.value.args[0]
    assert (versions.get(name), name in versions) == (None, False)


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
