"""URLs that the package signs, compared with those of boto3."""

from __future__ import annotations

import calendar
import re
import ssl
import time
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.storage import InMemoryStorage
from storages.backends.s3 import S3Storage

from django_polyimages.models import Image
from django_polyimages.storage import signing
from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.signing import signer_of, url_of
from tests.api.calls import upload
from tests.drawing import photo

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
    "seven days": {"region": "eu-central-1", "querystring_expire": 604_800},
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
    "credentials that change": lambda: s3(region="us-east-1", security_token="t"),
    "a url() of its own": lambda: Archive(**s3_storage("photos", **KEYS)["OPTIONS"]),
    "a folder with a space": lambda: s3(region="us-east-1", location="my site"),
    "memory": lambda: InMemoryStorage(base_url="/media/"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_storages_give_their_own_urls(case):
    backend = OTHERS[case]()
    assert signer_of(backend) is None
    own, given = backend.url("images/x.webp"), url_of(backend, "images/x.webp")
    changing = r"(Signature|Date|Expires)=[^&]*"
    assert re.sub(changing, "", given) == re.sub(changing, "", own)


def test_a_key_of_a_host_that_needs_escapes_is_left_to_the_storage(monkeypatch):
    backend = s3(region="us-east-1")
    monkeypatch.setattr(S3Storage, "url", lambda self, name: f"theirs: {name}")
    assert url_of(backend, "my photo.jpg") == "theirs: my photo.jpg"


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
