"""Signed URLs of S3 with less work than boto3, of CloudFront, and the same URL for a while.

boto3 needs 0.2 ms and more for a URL, and a list of a hundred images has five hundred. The
signature itself is one HMAC (version 4, see
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html). Everything else is
taken from a URL that boto3 has signed, and the own signature is compared with it: where they
differ, boto3 signs all.
"""

from __future__ import annotations

import calendar
import hmac
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.core.files.storage import Storage

from django_polyimages.conf import get_settings
from django_polyimages.storage.s3 import inherits_from_s3, signs_urls

_NO_ESCAPES: Final = re.compile(r"[A-Za-z0-9/_.-]+")
_PROBE: Final = "images/probe.webp"
_SIGNER: Final = "_polyimages_signer"
_SIGNED_AT: Final = re.compile(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)")
_VALID_FOR: Final = re.compile(r"[?&]X-Amz-Expires=(\d{1,6})(?:&|$)")
_EXPIRES: Final = re.compile(r"[?&]Expires=(\d{1,11})(?:&|$)")  # version 2, and CloudFront


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs URLs for one bucket, as one access key."""

    base: str
    """The part of the URL before the key of a file."""
    access_key: str
    secret_key: str
    region: str

    def url(self, key: str, *, at: int, expire: int) -> str:
        """A URL that is signed ``at`` this time and valid for ``expire`` seconds from then on."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        query = (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential={self.access_key}%2F{scope.replace('/', '%2F')}"
            f"&X-Amz-Date={moment}&X-Amz-Expires={expire}&X-Amz-SignedHeaders=host"
        )
        url = urlsplit(self.base + key)
        request = f"GET\n{url.path}\n{query}\nhost:{url.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        signing_key = _signing_key(self.secret_key, moment[:8], self.region)
        signature = hmac.new(signing_key, text.encode(), sha256).hexdigest()
        return f"{self.base}{key}?{query}&X-Amz-Signature={signature}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFrontSigner:
    """Signs URLs with the signer of CloudFront that django-storages has made."""

    base: str
    """The part of the URL before the key of a file."""
    signer: Any

    def url(self, key: str, *, at: int, expire: int) -> str:
        """A URL that is valid for ``expire`` seconds ``at`` this time, and always the same."""
        return _cloudfront_url(self.signer, self.base + key, at + expire)


def url_of(backend: Storage, key: str) -> str:
    """The URL of a file, signed if the storage signs URLs.

    With ``URL_WINDOW``, it is the same for that many seconds in every process, and then still valid
    for ``querystring_expire`` seconds, so that browsers do not load a file again.
    """
    signer = signer_of(backend) if _NO_ESCAPES.fullmatch(key) else None
    if signer is None:
        return backend.url(key)
    now, window = int(time.time()), get_settings().url_window or 0
    at = now - now % window if window else now
    name = name_of(backend, key)
    return signer.url(name, at=at, expire=_expire_of(backend) + window)


def expiry_of(url: str) -> datetime | None:
    """Until when a signed URL is valid, in UTC; None for a URL that does not say so."""
    if found := _EXPIRES.search(url):
        return datetime.fromtimestamp(int(found[1]), UTC)
    signed_at, valid_for = _SIGNED_AT.search(url), _VALID_FOR.search(url)
    if not (signed_at and valid_for):
        return None
    return datetime.fromisoformat(signed_at[1]) + timedelta(seconds=int(valid_for[1]))


def signer_of(backend: Storage) -> Signer | CloudFrontSigner | None:
    """A signer whose URLs equal those of ``backend``, or None where there is none."""
    if not (signs_urls(backend) and inherits_from_s3(backend, "url")):
        return None
    found: tuple[Signer | CloudFrontSigner | None] | None = getattr(backend, _SIGNER, None)
    if found is None:
        found = (_find_signer(backend),)
        setattr(backend, _SIGNER, found)
    return found[0]


def _find_signer(backend: Any) -> Signer | CloudFrontSigner | None:
    if backend.custom_domain:
        base = _base_of(backend, backend.url(_PROBE))
        return CloudFrontSigner(base=base, signer=backend.cloudfront_signer)
    if backend.security_token or not backend.secret_key:
        return None  # credentials that change
    url = backend.url(_PROBE)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if "X-Amz-Credential" not in query:
        return None
    access_key, _day, region, *_rest = query["X-Amz-Credential"].split("/")
    signer = Signer(
        base=_base_of(backend, url),
        access_key=access_key,
        secret_key=backend.secret_key,
        region=region,
    )
    at = _seconds(query["X-Amz-Date"])
    own = signer.url(name_of(backend, _PROBE), at=at, expire=_expire_of(backend))
    return signer if own == url else None


def _base_of(backend: Any, url: str) -> str:
    """The part before the name of the probe."""
    return url.partition("?")[0].removesuffix(name_of(backend, _PROBE))


def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))


def name_of(backend: Any, key: str) -> str:
    """The name in the bucket, below the ``location`` of the storage."""
    from storages.utils import clean_name

    name: str = backend._normalize_name(clean_name(key))
    return name


def _expire_of(backend: Any) -> int:
    return int(backend.querystring_expire)


@lru_cache(maxsize=10_000)
def _cloudfront_url(signer: Any, url: str, until: int) -> str:
    """RSA takes a millisecond, so a URL is kept: it is the same for a whole window."""
    signed: str = signer.generate_presigned_url(
        url, date_less_than=datetime.fromtimestamp(until, UTC)
    )
    return signed


@lru_cache(maxsize=16)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
