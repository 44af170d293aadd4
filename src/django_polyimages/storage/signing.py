"""Signed URLs of S3 with less work than boto3, of CloudFront, and the same URL for a while.

boto3 needs 0.2 ms and more for a URL, and a list of a hundred images has five hundred. So the
package signs them itself, see ``sigv4``. The address and the region are taken from a URL that
boto3 has signed, and the own signature is compared with it: where they differ, boto3 signs all.
The credentials are those of boto3, which renews them.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qs, quote, urlsplit

from django.core.files.storage import Storage
from django.utils.encoding import filepath_to_uri
from django.utils.functional import LazyObject, empty

from django_polyimages.conf import get_settings
from django_polyimages.storage.s3 import inherits_from_s3, signs_urls
from django_polyimages.storage.sigv4 import Credentials, Signature, signature

_PLAIN: Final = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*", re.ASCII)
"""Keys that need no escapes, and that the storage does not change: without empty parts and dots."""
_PROBE: Final = "images/probe.webp"
_SIGNER: Final = "_polyimages_signer"
_SIGNED_AT: Final = re.compile(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)")
_VALID_FOR: Final = re.compile(r"[?&]X-Amz-Expires=(\d{1,6})(?:&|$)")
_EXPIRES: Final = re.compile(r"[?&]Expires=(\d{1,11})(?:&|$)")  # version 2, and CloudFront


class Times(NamedTuple):
    """When a URL is signed, in seconds since 1970, and for how many seconds."""

    now: int
    window: int
    """For how long a URL stays the same; 0 signs it anew each second."""
    expire: int
    """How long it is valid when the window ends."""

    @property
    def at(self) -> int:
        """The start of the window."""
        return self.now - self.now % self.window if self.window else self.now

    @property
    def until(self) -> int:
        return self.at + self.window + self.expire


@dataclass(slots=True, kw_only=True)
class Signer:
    """Signs URLs for one bucket with the credentials that boto3 has now."""

    base: str
    """The part of the URL before the name of a file."""
    region: str
    credentials: Any
    """The object of botocore, which renews temporary credentials before they expire."""
    is_plain: bool = True
    """Whether the storage does nothing to names but put its ``location`` before them."""
    _last: tuple[Times, Signature] | None = field(default=None, init=False)

    def url(self, name: str, times: Times) -> str:
        """The URL of a file, which does not claim to be valid longer than its credentials are."""
        last = self._last
        if last is None or last[0] != times:
            last = self._last = (times, self._signature(times))
        return last[1].url(name)

    def _signature(self, times: Times) -> Signature:
        credentials, until = _frozen(self.credentials)
        end = min(times.until, until or times.until)
        return signature(
            self.base, credentials, region=self.region, at=times.at, expire=max(1, end - times.at)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFrontSigner:
    """Signs URLs with the signer of CloudFront that django-storages has made."""

    base: str
    """The part of the URL before the name of a file."""
    signer: Any
    is_plain: bool = True

    def url(self, name: str, times: Times) -> str:
        """The URL of a file, always the same in a window."""
        return _cloudfront_url(self.signer, self.base + name, times.until)


def url_of(backend: Storage, key: str) -> str:
    """The URL of a file, signed if the storage signs URLs.

    With ``URL_WINDOW``, it is the same for that many seconds in every process, and then still valid
    for ``querystring_expire`` seconds, so that browsers do not load a file again. Temporary
    credentials may end both earlier.
    """
    return urls_of(backend)(key)


def urls_of(backend: Storage) -> Callable[[str], str]:
    """``url_of()`` for several keys of one storage, at this moment."""
    s3: Any = _unwrapped(backend)
    signer = signer_of(s3)
    own: Callable[[str], str] = s3.url
    if signer is None:
        return own
    times = Times(int(time.time()), get_settings().url_window or 0, int(s3.querystring_expire))
    folder = _escaped(s3, _folder(s3.location)) if signer.is_plain else None

    def url(key: str) -> str:
        if not _PLAIN.fullmatch(key):
            return own(key)
        name = _escaped(s3, name_of(s3, key)) if folder is None else folder + key
        return signer.url(name, times)

    return url


def expiry_of(url: str) -> datetime | None:
    """Until when a signed URL is valid, in UTC; None for a URL that does not say so."""
    start = url.find("?")
    if start < 0:
        return None
    signed_at, valid_for = _SIGNED_AT.search(url, start), _VALID_FOR.search(url, start)
    if signed_at and valid_for:
        return _end(signed_at[1], valid_for[1])
    found = _EXPIRES.search(url, start)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


@lru_cache(maxsize=64)
def _end(signed_at: str, valid_for: str) -> datetime:
    """The same for most URLs of a page."""
    return datetime.fromisoformat(signed_at) + timedelta(seconds=int(valid_for))


def signer_of(backend: Storage) -> Signer | CloudFrontSigner | None:
    """A signer whose URLs equal those of ``backend``, or None where there is none."""
    if not signs_urls(backend):
        return None
    found: tuple[Signer | CloudFrontSigner | None] | None = getattr(backend, _SIGNER, None)
    if found is None:
        found = (_find_signer(backend) if inherits_from_s3(backend, "url") else None,)
        setattr(backend, _SIGNER, found)
    return found[0]


def _find_signer(backend: Any) -> Signer | CloudFrontSigner | None:
    is_plain = inherits_from_s3(backend, "_normalize_name")
    if backend.custom_domain:
        base = _base_of(backend, backend.url(_PROBE))
        return CloudFrontSigner(base=base, signer=backend.cloudfront_signer, is_plain=is_plain)
    credentials = _credentials_of(backend)
    if credentials is None:
        return None
    frozen, _until = _frozen(credentials)
    url = backend.url(_PROBE)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if "X-Amz-Credential" not in query:
        return None
    _access_key, _day, region, *_rest = query["X-Amz-Credential"].rsplit("/", 4)
    base = _base_of(backend, url)
    at, expire = _seconds(query["X-Amz-Date"]), int(query["X-Amz-Expires"])
    own = signature(base, frozen, region=region, at=at, expire=expire)
    if own.url(_escaped(backend, name_of(backend, _PROBE))) != url:
        return None
    return Signer(base=base, region=region, credentials=credentials, is_plain=is_plain)


def _credentials_of(backend: Any) -> Any:
    """Those with which the connection of this thread signs. botocore has no public name for them,
    so None if another version of it keeps them elsewhere.
    """
    signer = getattr(backend.connection.meta.client, "_request_signer", None)
    return getattr(signer, "_credentials", None)


def _frozen(credentials: Any) -> tuple[Credentials, int | None]:
    """What signs now, and until when it is valid, which only temporary credentials know."""
    found = credentials.get_frozen_credentials()  # renews them first, if it is time
    expiry: datetime | None = getattr(credentials, "_expiry_time", None)
    signing = Credentials(found.access_key, found.secret_key, found.token)
    return signing, int(expiry.timestamp()) if expiry else None


def _base_of(backend: Any, url: str) -> str:
    """The part before the name of the probe."""
    return url.partition("?")[0].removesuffix(_escaped(backend, name_of(backend, _PROBE)))


def _escaped(backend: Any, name: str) -> str:
    """As URLs have it: those of a domain as Django, the others as boto3, which escapes more."""
    return filepath_to_uri(name) if backend.custom_domain else quote(name, safe="/~")


def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))


def name_of(backend: Any, key: str) -> str:
    """The name in the bucket, below the ``location`` of the storage."""
    from storages.utils import clean_name

    name: str = backend._normalize_name(clean_name(key))
    return name


@lru_cache(maxsize=16)
def _folder(location: str) -> str:
    """What ``name_of()`` puts before a key."""
    from storages.utils import safe_join

    name: str = safe_join(location, _PROBE)
    return name.removesuffix(_PROBE)


def _unwrapped(backend: Storage) -> Storage:
    """The storage itself, as each attribute of a lazy object costs as much as a signature."""
    if not isinstance(backend, LazyObject):
        return backend
    wrapped = backend._wrapped
    if wrapped is empty:
        backend._setup()
        wrapped = backend._wrapped
    return cast("Storage", wrapped)


@lru_cache(maxsize=10_000)
def _cloudfront_url(signer: Any, url: str, until: int) -> str:
    """RSA is slow, so a URL is kept: it is the same for a whole window."""
    signed: str = signer.generate_presigned_url(
        url, date_less_than=datetime.fromtimestamp(until, UTC)
    )
    return signed
