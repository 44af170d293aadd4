"""What Cloudflare R2 documents that it does not take, as a guard over every request that is sent.

From https://developers.cloudflare.com/r2/api/s3/api/, .../r2/api/s3/presigned-urls/ and
.../r2/platform/limits/. That parts of an upload have to be of equal size is in
https://github.com/apache/arrow/issues/34363, and that it refuses checksums behind the content in
https://github.com/boto/boto3/issues/4392.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

MIB = 1024**2
LARGEST_PUT = 5 * 1024 * MIB - 5 * MIB
SMALLEST_PART = 5 * MIB
LONGEST_KEY = 1024
LARGEST_METADATA = 8192
KEYS_IN_A_DELETION = 1000
LONGEST_EXPIRY = 7 * 24 * 60 * 60
REFUSED_HEADERS = (
    *("x-amz-acl", "x-amz-grant-", "x-amz-tagging", "x-amz-object-lock-", "x-amz-mfa"),
    *("x-amz-website-redirect-location", "x-amz-request-payer", "x-amz-expected-bucket-owner"),
    *("x-amz-bypass-governance-retention", "x-amz-server-side-encryption-aws-kms-key-id"),
    *("x-amz-server-side-encryption-context", "x-amz-server-side-encryption-bucket-key-enabled"),
)
REFUSED_PARTS = {
    *("acl", "tagging", "policy", "versioning", "versions", "website", "notification", "logging"),
    *("replication", "object-lock", "legal-hold", "retention", "restore", "torrent", "select"),
}
POSTS = ({"delete"}, {"uploads"}, {"uploadId"})
"""What a POST may ask for; one without is a form, which R2 does not take."""


class Refused(AssertionError):
    """R2 would not take this request."""


class Guard:
    """Looks at requests; ``seen`` counts them by method."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = defaultdict(int)
        self._parts: dict[str, list[int]] = defaultdict(list)

    def look(self, method: str, url: str, headers: Mapping[str, object], body: object) -> None:
        """Raise ``Refused`` for a request that R2 would not take."""
        self.seen[method] += 1
        known = {name.lower(): _text(value) for name, value in headers.items()}
        if isinstance(body, bytes) and "transfer-encoding" not in known:
            known.setdefault("content-length", str(len(body)))  # as every client does
        target = urlsplit(url)
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        self._look_at_headers(method, known)
        if parts := REFUSED_PARTS & query.keys():
            raise Refused(f"?{parts.pop()}")
        if len(unquote(target.path.lstrip("/").partition("/")[2]).encode()) > LONGEST_KEY:
            raise Refused("a key of more than 1,024 bytes")
        if int(query.get("X-Amz-Expires", 0)) > LONGEST_EXPIRY:
            raise Refused("a URL for more than seven days")
        if query.get("X-Amz-Algorithm", "AWS4-HMAC-SHA256") != "AWS4-HMAC-SHA256":
            raise Refused("a signature of another version")
        if {"Signature", "AWSAccessKeyId"} & query.keys():
            raise Refused("a signature of version 2")
        if method == "POST" and not any(asked <= query.keys() for asked in POSTS):
            raise Refused("a form of a browser")
        if method == "POST" and "delete" in query:
            self._look_at_deletion(body)
        if method == "PUT":
            self._look_at_size(int(known["content-length"]), query.get("uploadId"))

    def _look_at_headers(self, method: str, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            if name.startswith(REFUSED_HEADERS) or name == "x-amz-server-side-encryption":
                raise Refused(name)
            if name == "x-amz-storage-class" and value not in ("STANDARD", "STANDARD_IA"):
                raise Refused(f"{name}: {value}")
        if "x-amz-trailer" in headers or "aws-chunked" in headers.get("content-encoding", ""):
            raise Refused("a checksum behind the content")
        if headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
            raise Refused("a checksum behind the content")
        if method == "PUT" and ("transfer-encoding" in headers or "content-length" not in headers):
            raise Refused("no Content-Length")
        metadata = {name: value for name, value in headers.items() if name.startswith("x-amz-meta")}
        if sum(len(name) + len(value) for name, value in metadata.items()) > LARGEST_METADATA:
            raise Refused("metadata of more than 8,192 bytes")

    def _look_at_deletion(self, body: object) -> None:
        if _text(body).count("<Key>") > KEYS_IN_A_DELETION:
            raise Refused("more than 1,000 keys")

    def _look_at_size(self, size: int, upload: str | None) -> None:
        if size > LARGEST_PUT:
            raise Refused("too large for one PUT")
        if not upload:
            return
        before = self._parts[upload]
        before.append(size)
        if any(one != before[0] or one < SMALLEST_PART for one in before[:-1]):
            raise Refused("parts of different sizes")
        if size > before[0]:
            raise Refused("a last part that is larger than the others")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
