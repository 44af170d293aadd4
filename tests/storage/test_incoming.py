from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from django_polyimages import storage
from django_polyimages.storage import incoming
from django_polyimages.storage.keys import is_incoming, is_original, may_belong_to
from tests.drawing import photo


def test_keys_are_random_and_outside_of_the_prefix(settings):
    for prefix in ("images/", "media/pictures/"):
        settings.POLYIMAGES = settings.POLYIMAGES | {"UPLOAD_PREFIX": prefix}
        first, second = incoming.new_incoming_key(), incoming.new_incoming_key()
        assert first != second
        assert first.startswith(f"{prefix[:-1]}-incoming/")
        assert not first.startswith(prefix)
        assert is_incoming(first)
        assert not is_original(first)
        assert not may_belong_to(first, prefix)


def test_the_files_are_where_originals_are(originals, settings):
    key = incoming.new_incoming_key()
    assert storage.storage_of(key) is storage.get_original_storage()


def test_the_local_disk_signs_no_puts():
    assert not incoming.signs_puts()


class TestASignedPut:
    @pytest.fixture
    def signed(self, bucket, monkeypatch):
        monkeypatch.setattr(incoming, "conditional_writes", lambda backend: True)
        key = incoming.new_incoming_key()
        return incoming.signed_put(
            key, byte_size=len(photo()), media_type="image/jpeg", sha256="ab" * 32, seconds=60
        )

    def test_fixes_everything_that_is_known_of_the_file(self, signed):
        url, headers = signed
        query = parse_qs(urlsplit(url).query)
        assert query["X-Amz-Expires"] == ["60"]
        assert query["X-Amz-SignedHeaders"] == [
            "content-disposition;content-length;content-type;host;if-none-match;x-amz-checksum-sha256"
        ]
        assert headers == {
            "Content-Type": "image/jpeg",
            "Content-Disposition": "attachment",
            "If-None-Match": "*",
            "x-amz-checksum-sha256": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
        }

    def test_is_made_without_a_request(self, requests, signed):
        assert requests == []

    def test_has_no_condition_where_the_server_may_not_know_it(self, bucket):
        _url, headers = incoming.signed_put(
            incoming.new_incoming_key(), byte_size=1, media_type="image/jpeg", sha256="", seconds=9
        )
        assert set(headers) == {"Content-Type", "Content-Disposition"}
