"""Version 4 of Amazon's signatures, in the query of a URL.

See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. All URLs of one
bucket that are signed in the same second differ in their path and signature alone, so everything
else is computed once.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNESCAPED: Final = "-_.~"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs; the token is that of temporary credentials."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """Signs URLs of one bucket, at one moment, for one time of validity."""

    base: str
    """The part of a URL before the name of a file."""
    query: str = field(repr=False)
    """All of it but the signature."""
    before_name: str
    """The request that is signed, before and after the name."""
    after_name: str = field(repr=False)
    text: str
    """What is signed, before the digest of the request."""
    key: bytes = field(repr=False)

    def url(self, name: str) -> str:
        """The signed URL of a file. ``name`` must need no escapes."""
        request = f"{self.before_name}{name}{self.after_name}".encode()
        text = self.text + sha256(request).hexdigest()
        signed = hmac.digest(self.key, text.encode(), "sha256").hex()
        return f"{self.base}{name}?{self.query}&X-Amz-Signature={signed}"


def signature(
    base: str, credentials: Credentials, *, region: str, at: int, expire: int
) -> Signature:
    """The signature of URLs that start with ``base``, such as ``https://example.com/bucket/``.

    They are signed ``at`` this time, in seconds, and valid for ``expire`` seconds from then on.
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    day = moment[:8]
    scope = f"{day}/{region}/s3/aws4_request"
    first = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(expire),
    }
    headers = {"X-Amz-SignedHeaders": "host"}
    # boto3 writes the token last, and signs the parameters in the order of the alphabet.
    token = {"X-Amz-Security-Token": credentials.token} if credentials.token is not None else {}
    parts = urlsplit(base)
    return Signature(
        base=base,
        query=_query(first | headers | token),
        before_name=f"GET\n{parts.path}",
        after_name=(
            f"\n{_query(first | token | headers)}\nhost:{_host(parts)}\n\nhost\nUNSIGNED-PAYLOAD"
        ),
        text=f"{_ALGORITHM}\n{moment}\n{scope}\n",
        key=_signing_key(credentials.secret_key, day, region),
    )


def _query(parameters: dict[str, str]) -> str:
    return "&".join(f"{name}={quote(one, safe=_UNESCAPED)}" for name, one in parameters.items())


def _host(url: SplitResult) -> str:
    """The header that boto3 signs: in lower case, and without the usual port."""
    host = (url.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _DEFAULT_PORTS.get(url.scheme)) else f"{host}:{url.port}"


@lru_cache(maxsize=16)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
