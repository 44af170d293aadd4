"""Signatures compared with those of botocore, byte by byte."""

from __future__ import annotations

import calendar
import time
from urllib.parse import parse_qs, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Botocores
from hypothesis import example, given
from hypothesis import strategies as st

from django_polyimages.storage.sigv4 import Credentials, signature

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
NAMES = st.lists(st.text(PLAIN, min_size=1), min_size=1, max_size=4).map("/".join)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=1500)
BASES = st.sampled_from(
    [
        "https://s3.eu-central-1.amazonaws.com/photos/",
        "https://photos.s3.amazonaws.com/",
        "https://account.r2.cloudflarestorage.com/photos/",
        "http://127.0.0.1:9000/photos/",
        "http://[::1]:9000/photos/",
        "https://S3.Example.com:443/photos/",
        "http://s3.example.com:80/photos/",
        "https://example.com/s3/photos/site/one/",
    ]
)


def of_botocore(url: str, credentials: Credentials, region: str, expire: int) -> str:
    keys = Botocores(credentials.access_key, credentials.secret_key, credentials.token)
    request = AWSRequest(method="GET", url=url)
    S3SigV4QueryAuth(keys, "s3", region, expires=expire).add_auth(request)
    signed: str = request.url
    return signed


def moment_of(url: str) -> int:
    [moment] = parse_qs(urlsplit(url).query)["X-Amz-Date"]
    return calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))


@given(
    base=BASES,
    name=NAMES,
    access_key=SECRETS,
    secret_key=SECRETS,
    token=st.none() | st.just("") | SECRETS,
    region=st.sampled_from(["auto", "us-east-1", "eu-central-1", "x"]),
    expire=st.integers(1, 604_800),
)
@example("https://e.com/b/", "a/b.webp", "AKIA", "s", "FwoGZXIvYXdzE+/==", "auto", 3600)
def test_a_url_is_that_of_botocore(base, name, access_key, secret_key, token, region, expire):
    credentials = Credentials(access_key, secret_key, token)
    expected = of_botocore(base + name, credentials, region, expire)
    own = signature(base, credentials, region=region, at=moment_of(expected), expire=expire)
    assert own.url(name) == expected


def test_secrets_are_not_shown():
    credentials = Credentials("AKIA", "the secret", "the token")
    own = signature("https://e.com/", credentials, region="auto", at=0, expire=60)
    for text in (repr(credentials), repr(own)):
        assert "the secret" not in text
        assert "the%20token" not in text
        assert "the token" not in text
        assert repr(own.key) not in text
