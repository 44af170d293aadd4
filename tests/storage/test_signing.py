"""URLs that the package signs, compared with those of boto3."""

from __future__ import annotations

import calendar
import re
import ssl
import time
import urllib.request
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.storage import InMemoryStorage
from storages.backends.s3 import S3Storage

from django_polyimages.models import Image
from django_polyimages.storage import signing, sigv4
from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.signing import expiry_of, signer_of, url_of
from tests.api.calls import get, upload
from tests.drawing import photo

BACKEND = "django_polyimages.storage.s3_backend.S3ImageStorage"
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "wJalr/XUtnFEMI+K7MDENG"}
NAMES = ["x.webp", "images/img_0f3.jpg", "images/a/img_0f3_thumb-3fa2c1.webp", "a.b-c_d/E.F"]
BUCKETS = {
    "AWS": {"region": "eu-central-1"},
    "AWS, virtual": {"region": "eu-central-1", "addressing_style": "virtual"},
    "AWS, us-east-1": {"region": "us-east-1"},
    "R2": {"endpoint_url": "https://account.r2.cloudflarestorage.com"},
    "a port": {"endpoint_url": "http://127.0.0.1:9000", "region": "us-east-1"},
    "a path": {"endpoint_url": "https://example.com/s3/", "region": "x"},
    "a folder": {"region": "eu-central-1", "location": "site/one"},
    "a folder with a space": {"region": "us-east-1", "location": "my site"},
    "a folder of many letters": {"region": "us-east-1", "location": "für/(a)+~'é&=!*"},
    "seven days": {"region": "eu-central-1", "querystring_expire": 604_800},
    "a session": {"region": "eu-central-1", "security_token": "FwoGZXIvYXdzE+/=="},
    "an odd access key": {"region": "us-east-1", "access_key": "a/b+c d"},
}


def s3(**options) -> S3Storage:
    return S3Storage(**s3_storage("photos", **KEYS | options)["OPTIONS"])


def moment_of(url: str) -> int:
    """When a URL was signed."""
    [moment] = parse_qs(urlsplit(url).query)["X-Amz-Date"]
    return calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", BUCKETS)
def test_a_url_is_that_of_boto3_to_the_byte(case, name, monkeypatch):
    backend = s3(**BUCKETS[case])
    expected = backend.url(name)
    monkeypatch.setattr(signing.time, "time", lambda: float(moment_of(expected)))
    assert signer_of(backend) is not None
    monkeypatch.setattr(S3Storage, "url", None)  # it is not asked again
    monkeypatch.setattr(signing, "inherits_from_s3", lambda *args: True)
    assert url_of(backend, name) == expected


class Archive(S3Storage):
    def url(self, name, *args, **options):
        return "https://archive.example.com/"


OTHERS = {
    "a public domain": lambda: s3(public_url="https://images.example.com"),
    "no signatures": lambda: s3(signed_urls=False, endpoint_url="https://s3.example.com"),
    "version 2": lambda: s3(region="us-east-1", signature_version="s3"),
    "a url() of its own": lambda: Archive(**s3_storage("photos", **KEYS)["OPTIONS"]),
    "memory": lambda: InMemoryStorage(base_url="/media/"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_storages_give_their_own_urls(case):
    backend = OTHERS[case]()
    assert signer_of(backend) is None
    own, given = backend.url("images/x.webp"), url_of(backend, "images/x.webp")
    changing = r"(Signature|Date|Expires)=[^&]*"
    assert re.sub(changing, "", given) == re.sub(changing, "", own)


@pytest.mark.parametrize("key", ["my photo.jpg", "a//b.jpg", "./b.jpg", "a/../b.jpg", "/b.jpg", ""])
def test_a_key_of_a_host_that_the_storage_changes_is_left_to_it(key, monkeypatch):
    backend = s3(region="us-east-1")
    assert signer_of(backend) is not None
    monkeypatch.setattr(S3Storage, "url", lambda self, name: f"theirs: {name}")
    assert url_of(backend, key) == f"theirs: {key}"


class OfTenant(S3Storage):
    """In a folder that changes while the process lives."""

    folder = "one"

    @property
    def location(self) -> str:
        return self.folder

    @location.setter
    def location(self, _value: str) -> None:
        """Assigned by django-storages."""


class Shouting(S3Storage):
    def _normalize_name(self, name: str) -> str:
        return super()._normalize_name(name).upper()


def test_a_folder_that_changes_is_followed():
    backend = OfTenant(**s3_storage("photos", **KEYS)["OPTIONS"])
    for folder in ("one", "two", "three%20four"):
        backend.folder = folder.replace("%20", " ")
        expected, own = backend.url("images/x.webp"), url_of(backend, "images/x.webp")
        assert own.partition("?")[0] == expected.partition("?")[0]
        assert f"/{folder}/images/x.webp?" in own
    assert signer_of(backend) is not None


def test_names_that_the_storage_makes_in_its_own_way_are_used():
    backend = Shouting(**s3_storage("photos", **KEYS)["OPTIONS"])
    assert "/photos/IMAGES/X.WEBP?" in url_of(backend, "images/x.webp")
    assert signer_of(backend) is not None


def test_credentials_that_boto3_keeps_elsewhere_are_left_to_it(monkeypatch):
    monkeypatch.setattr(signing, "_credentials_of", lambda backend: None)
    backend = s3(region="us-east-1")
    assert signer_of(backend) is None
    assert "X-Amz-Signature=" in url_of(backend, "images/x.webp")


def test_a_signature_that_is_not_boto3_s_is_not_used(monkeypatch):
    expected = s3(region="us-east-1").url("images/x.webp")
    monkeypatch.setattr(sigv4, "_host", lambda url: "another")
    backend = s3(region="us-east-1")
    assert signer_of(backend) is None
    assert url_of(backend, "images/x.webp").partition("?")[0] == expected.partition("?")[0]


class TestWindow:
    @pytest.fixture(autouse=True)
    def an_hour(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}

    def url_at(self, monkeypatch, seconds: int) -> str:
        monkeypatch.setattr(signing.time, "time", lambda: 1_800_000_000.0 + seconds)
        return url_of(s3(region="eu-central-1", querystring_expire=600), "images/x.webp")

    def test_the_url_stays_the_same_within_it_whatever_the_process(self, monkeypatch):
        first, last, next_one = (self.url_at(monkeypatch, at) for at in (0, 3599, 3600))
        assert first == last
        assert next_one != first

    def test_the_url_is_valid_for_the_whole_time_after_it(self, monkeypatch):
        url = self.url_at(monkeypatch, 3599)
        [expire] = parse_qs(urlsplit(url).query)["X-Amz-Expires"]
        left = moment_of(url) + int(expire) - (1_800_000_000 + 3599)
        assert 600 <= left <= 601


def at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


class TestExpiry:
    @pytest.mark.parametrize("signature", ["s3v4", "s3"])
    @pytest.mark.parametrize("seconds", [60, 604_800])
    def test_of_a_url_of_boto3_is_when_boto3_lets_it_end(self, signature, seconds):
        options = {"region": "us-east-1", "signature_version": signature}
        before = int(time.time())
        expiry = expiry_of(s3(**options, querystring_expire=seconds).url("images/x.webp"))
        assert before + seconds <= expiry.timestamp() <= time.time() + seconds

    def test_of_a_url_of_the_package_includes_the_window(self, settings, monkeypatch):
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
        monkeypatch.setattr(signing.time, "time", lambda: 1_800_000_000.0 + 1234)
        url = url_of(s3(region="eu-central-1", querystring_expire=600), "images/x.webp")
        assert expiry_of(url).isoformat() == at(1_800_000_000 + 3600 + 600)

    def test_of_a_url_that_another_program_has_signed_in_another_order(self):
        query = "X-Amz-Expires=60&X-Amz-Signature=0&X-Amz-Date=20270115T080000Z"
        expiry = expiry_of(f"https://example.com/x.webp?{query}")
        assert expiry.isoformat() == "2027-01-15T08:01:00+00:00"

    @pytest.mark.parametrize("query", ["", "?v=7", "?X-Amz-Date=7&X-Amz-Expires=9", "?Expires=x"])
    def test_of_any_other_url_is_none(self, query):
        assert expiry_of(f"https://example.com/Expires=7/x.webp{query}") is None

    @pytest.mark.django_db
    def test_is_told_by_the_api_and_by_the_image(self, client, settings, monkeypatch):
        """The earliest of the original's and the versions', which may come from two storages."""
        image_id = upload(client).json()["id"]
        monkeypatch.setattr(signing.time, "time", lambda: 1_800_000_000.0)
        options = s3_storage("photos", **KEYS, region="us-east-1")["OPTIONS"]
        settings.STORAGES = settings.STORAGES | {
            "polyimages": {"BACKEND": BACKEND, "OPTIONS": options | {"querystring_expire": 600}},
            "originals": {"BACKEND": BACKEND, "OPTIONS": options | {"querystring_expire": 300}},
        }
        settings.POLYIMAGES = settings.POLYIMAGES | {"ORIGINAL_STORAGE": "originals"}
        body = get(client, f"images/{image_id}/").json()
        image = Image.objects.get()
        assert body["url_expires_at"] == "2027-01-15T08:05:00Z"
        assert image.url_expires_at.isoformat() == at(1_800_000_300)
        assert image.versions["thumb"].url_expires_at.isoformat() == at(1_800_000_600)

    @pytest.mark.django_db
    def test_there_is_none_where_urls_are_not_signed(self, client):
        assert upload(client).json()["url_expires_at"] is None
        assert Image.objects.get().url_expires_at is None
        assert Image.objects.get().versions["thumb"].url_expires_at is None


@pytest.mark.slow
@pytest.mark.django_db
def test_a_server_accepts_the_urls_of_a_window(client, bucket, server, settings):
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
    upload(client)
    image = Image.objects.get()
    trusting = ssl.create_default_context(cafile=server.ca_bundle)
    for url in (image.url, image.versions["thumb"].url):
        assert "X-Amz-Expires=7200" in url
        with urllib.request.urlopen(url, context=trusting) as answer:
            assert len(answer.read()) > 0
    with urllib.request.urlopen(image.url, context=trusting) as answer:
        assert answer.read() == photo()
