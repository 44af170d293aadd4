"""Signers that are not the package's: CloudFront through django-storages, with a real key."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from django_polyimages import storage
from django_polyimages.checks.storage import check_storage
from django_polyimages.models import Image
from django_polyimages.rendering import image_link
from django_polyimages.storage.s3 import s3_storage
from django_polyimages.storage.signing import _cloudfront_url, expiry_of, url_of
from tests.api.calls import get
from tests.builders import uploaded

pytestmark = pytest.mark.django_db
DOMAIN = "https://images.example.com"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def image(acme, key, settings) -> Image:
    """An image whose files CloudFront serves, with the signer of django-storages."""
    image = uploaded(acme)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    entry = s3_storage(
        "photos",
        region="eu-central-1",
        access_key="AKIA",
        secret_key="secret",
        public_url=DOMAIN,
        cloudfront_key_id="K2JCJMDEHXQW5F",
        cloudfront_key=pem.decode(),
        querystring_expire=600,
    )
    settings.STORAGES = settings.STORAGES | {"polyimages": entry}
    return image


def resource_of(url: str, key: rsa.RSAPrivateKey) -> str:
    """What a URL of CloudFront allows to fetch. Raises ``InvalidSignature`` if it is not valid."""
    plain, _mark, query = url.partition("?")
    values = {name: found for name, [found] in parse_qs(query).items()}
    policy = {
        "Resource": plain,
        "Condition": {"DateLessThan": {"AWS:EpochTime": int(values["Expires"])}},
    }
    text = json.dumps({"Statement": [policy]}, separators=(",", ":"))
    signature = base64.b64decode(values["Signature"].translate(str.maketrans("-_~", "+=/")))
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA1())
    return plain


def test_its_urls_are_signed_for_the_domain(image, key):
    url = image.versions["sm"].url
    assert resource_of(url, key) == f"{DOMAIN}/{image.versions['sm'].key}"
    assert parse_qs(urlsplit(url).query)["Key-Pair-Id"] == ["K2JCJMDEHXQW5F"]
    assert resource_of(image.url, key) == f"{DOMAIN}/{image.key}"
    with pytest.raises(InvalidSignature):
        resource_of(url.replace("_sm", "_lg"), key)


def test_their_expiry_is_told(image, client):
    url = image.versions["sm"].url
    [expires] = parse_qs(urlsplit(url).query)["Expires"]
    assert expiry_of(url).timestamp() == int(expires)
    assert image.url_expires_at is not None
    body = get(client, f"images/{image.pk}/").json()
    assert body["url_expires_at"] is not None
    assert body["versions"]["sm"]["url"].startswith(f"{DOMAIN}/{image.versions['sm'].key}?Expires=")


def test_a_link_leads_to_a_url_that_is_signed_now(image, client, key):
    response = client.get(image_link(image, "sm"))
    assert resource_of(response.url, key) == f"{DOMAIN}/{image.versions['sm'].key}"
    age = int(response.headers["Cache-Control"].removeprefix("private, max-age="))
    assert 500 < age <= 540  # querystring_expire, less the minute to follow it


def test_a_cdn_may_keep_the_files(image):
    """It keeps nothing that is private, and checks the signature of each request itself."""
    entry = storage.get_storage().object_parameters["CacheControl"]
    assert entry == "public, max-age=31536000, immutable"


def test_the_checks_find_nothing_to_say(image, settings):
    assert check_storage() == []
    settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}
    assert check_storage() == []


def test_a_url_is_that_of_django_storages_to_the_byte(image, monkeypatch):
    backend = storage.get_storage()
    for name in ("x.webp", "images/img_0f3_thumb-3fa2c1.webp"):
        expected = backend.url(name)
        moment = int(expiry_of(expected).timestamp()) - 600
        monkeypatch.setattr(time, "time", lambda moment=moment: float(moment))
        assert url_of(backend, name) == expected


@pytest.mark.parametrize("location", ["site/one", "my site", "Fotos für alle", "(a)"])
def test_a_folder_is_a_part_of_the_url(image, settings, monkeypatch, location):
    entry = settings.STORAGES["polyimages"]
    options = entry["OPTIONS"] | {"location": location}
    settings.STORAGES = settings.STORAGES | {"polyimages": entry | {"OPTIONS": options}}
    backend = storage.get_storage()
    expected = backend.url("images/x.webp")
    assert url_of(backend, "images/x.webp").partition("?")[0] == expected.partition("?")[0]


class TestWindow:
    @pytest.fixture(autouse=True)
    def an_hour(self, settings):
        settings.POLYIMAGES = settings.POLYIMAGES | {"URL_WINDOW": 3600}

    def url_at(self, monkeypatch, image: Image, seconds: int) -> str:
        monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + seconds)
        return image.versions["sm"].url

    def test_the_url_stays_the_same_within_it_whatever_the_process(self, image, key, monkeypatch):
        first = self.url_at(monkeypatch, image, 0)
        _cloudfront_url.cache_clear()  # as in another process
        assert self.url_at(monkeypatch, image, 3599) == first
        assert self.url_at(monkeypatch, image, 3600) != first
        assert resource_of(first, key) == f"{DOMAIN}/{image.versions['sm'].key}"
        assert expiry_of(first).timestamp() == 1_800_000_000 + 3600 + 600

    def test_it_is_signed_once(self, image, monkeypatch):
        self.url_at(monkeypatch, image, 0)
        backend = storage.get_storage()
        monkeypatch.setattr(backend.cloudfront_signer, "rsa_signer", None)  # it is not asked again
        assert self.url_at(monkeypatch, image, 1800)
