"""The addresses that look right and are not."""

from __future__ import annotations

import pytest
from botocore.config import Config

from django_polyimages.checks import storage
from django_polyimages.storage.s3 import s3_storage

R2 = "https://account.r2.cloudflarestorage.com"


@pytest.fixture
def complaints(settings, monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def found(endpoint_url: str | None, **options) -> dict[str, str]:
        entry = s3_storage("photos", endpoint_url=endpoint_url, **options)
        settings.STORAGES = settings.STORAGES | {"polyimages": entry}
        return {
            one.id.removeprefix("polyimages."): f"{one.msg} {one.hint}"
            for one in storage.check_storage()
        }

    return found


@pytest.mark.parametrize(
    ("endpoint", "options", "expected"),
    [
        ("https://pub-1a2b.r2.dev", {}, "E070"),
        ("https://fra1.cdn.digitaloceanspaces.com", {}, "E070"),
        ("https://f004.backblazeb2.com", {}, "E070"),
        ("https://d111.cloudfront.net", {}, "E070"),
        (f"{R2}/photos", {}, "E071"),
        ("https://minio.example.com/photos/", {}, "E071"),
        ("https://photos.fra1.digitaloceanspaces.com", {}, "E071"),
        ("https://photos.s3.eu-central-1.amazonaws.com", {}, "E071"),
        ("http://s3.us-west-004.backblazeb2.com", {}, "E072"),
        (None, {"provider": "minio"}, "E073"),
        ("https://files.example.com", {"provider": "r2"}, "E074"),
        ("https://s3.eu-central-1.amazonaws.com", {"region": "us-east-1"}, "W070"),
        ("https://s3.us-west-004.backblazeb2.com", {"region": "us-east-1"}, "W070"),
        (R2, {"public_url": "https://pub-1a2b.r2.dev"}, "W071"),
        (
            "https://s3.us-west-004.backblazeb2.com",
            {"client_config": Config(signature_version="s3")},
            "E020",
        ),
    ],
)
def test_a_trap_is_named(complaints, endpoint, options, expected):
    assert list(complaints(endpoint, **options)) == [expected]


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        (R2, {"provider": "r2"}),
        ("https://account.eu.r2.cloudflarestorage.com", {"public_url": "https://img.example.com"}),
        ("https://s3.us-west-004.backblazeb2.com", {}),
        ("https://storage.googleapis.com", {}),
        ("https://fra1.digitaloceanspaces.com", {}),
        ("https://fra1.digitaloceanspaces.com", {"region": "us-east-1"}),
        ("https://s3.eu-central-1.amazonaws.com", {"region": "eu-central-1"}),
        ("http://photos.internal:9000", {"provider": "minio"}),  # a host of that name
        (None, {"region": "us-east-1"}),
        (None, {"provider": "aws"}),
    ],
)
def test_an_address_that_is_right_passes(complaints, endpoint, options):
    assert complaints(endpoint, **options) == {}


def test_an_endpoint_of_the_environment_counts(complaints, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://pub-1a2b.r2.dev")
    assert list(complaints(None)) == ["E070"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example.com")
    assert complaints(None, provider="minio") == {}


def test_the_hint_says_what_to_write(complaints):
    assert "without the bucket" in complaints(f"{R2}/photos")["E071"]
