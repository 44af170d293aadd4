"""The headers of objects; ``test_s3`` sees them on a real server."""

from __future__ import annotations

from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.s3_backend import S3ImageStorage

ORIGINAL = f"images/img_{'0a' * 16}.gif"


def storage(**options) -> S3ImageStorage:
    return S3ImageStorage(**s3_storage("bucket", **options)["OPTIONS"])


def test_an_original_is_downloaded_and_a_version_is_shown():
    assert storage().get_object_parameters(ORIGINAL)["ContentDisposition"] == "attachment"
    version = storage().get_object_parameters(ORIGINAL.replace(".gif", "_sm.webp"))
    assert "ContentDisposition" not in version


def test_the_options_come_first():
    own = {"ContentDisposition": "inline"}
    parameters = storage(object_parameters=own).get_object_parameters(ORIGINAL)
    assert parameters["ContentDisposition"] == "inline"


def test_what_the_options_say_is_not_changed():
    own = {"CacheControl": "no-store"}
    backend = storage(object_parameters=own)
    backend.get_object_parameters(ORIGINAL)
    assert backend.object_parameters == {"CacheControl": "no-store"}
