"""What only S3 has: conditions, signed URLs, and browsers that talk to the bucket themselves."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Final

from django_polyimages.operations.storage_trial.cors import HEADERS
from django_polyimages.operations.storage_trial.http import send
from django_polyimages.operations.storage_trial.steps import (
    MEDIA_TYPE,
    Finding,
    Step,
    Trial,
    attempt,
)
from django_polyimages.storage.s3 import conditional_writes, provider_of, signs_urls
from django_polyimages.storage.signing import name_of, url_of

_EXISTS: Final = 412
_DIFFERS: Final = (400, 403)
_CLOSED: Final = (401, 403, 404)
_EXPIRE: Final = 300
_LENGTH: Final = 100
_ALLOWED: Final = ("origin", "methods", "headers")
"""What the headers of a preflight end with."""


def steps_of_s3(trial: Trial, key: str, origin: str) -> Iterator[Step]:
    """The steps after a file was written under ``key``."""
    one = _S3(trial, key)
    is_expected = conditional_writes(trial.backend)
    yield attempt("headers", one.headers)
    yield attempt("conditional put", one.conditional_put, is_needed=is_expected)
    yield attempt("read by URL", one.read_by_url)
    if signs_urls(trial.backend):
        yield attempt("closed without a signature", one.closed)
    yield attempt("no list for strangers", one.list_of_strangers)
    yield attempt("upload by URL", one.upload)
    for name, content, media_type in _other_files():
        yield attempt(
            f"no upload of {name}", partial(one.other_upload, content, media_type), is_needed=False
        )
    yield attempt("no upload of other bytes", one.other_bytes, is_needed=False)
    yield attempt("no second upload", one.second_upload, is_needed=is_expected)
    if origin:
        yield attempt(f"CORS from {origin}", partial(one.preflight, origin))


def _other_files() -> Iterator[tuple[str, int, str]]:
    yield "a longer file", _LENGTH + 1, MEDIA_TYPE
    yield "a shorter file", _LENGTH - 1, MEDIA_TYPE
    yield "another type", _LENGTH, "text/html"


@dataclass(frozen=True, slots=True)
class _S3:
    """The steps, each of which returns what it has found or raises a ``Finding``."""

    trial: Trial
    key: str

    @property
    def backend(self) -> Any:
        return self.trial.backend

    @property
    def client(self) -> Any:
        return self.backend.bucket.meta.client

    def headers(self) -> str:
        found = self.client.head_object(**self._object(self.key))
        if found.get("ContentEncoding"):
            raise Finding(
                f"the file is stored with Content-Encoding {found['ContentEncoding']}",
                'Browsers refuse it. Set Config(request_checksum_calculation="when_required").',
            )
        if found.get("ContentType") != MEDIA_TYPE:
            raise Finding(f"the Content-Type {MEDIA_TYPE} is stored as {found.get('ContentType')}")
        cached = found.get("CacheControl", "")
        return (
            f"Cache-Control: {cached}" if cached else "no Cache-Control, so browsers may ask again"
        )

    def conditional_put(self) -> str:
        status = self._status_of(IfNoneMatch="*")
        provider = provider_of(self.backend)
        if status != _EXISTS:
            known = "Pass provider= to s3_storage(), a profile without conditional_writes."
            what = "ignores" if status < 300 else f"refuses (HTTP {status})"
            raise Finding(
                f"the server {what} If-None-Match",
                known if provider.conditional_writes else "",
            )
        if not provider.conditional_writes:
            return "it is not used, because provider= of s3_storage() does not say that it works"
        return ""

    def _status_of(self, **options: str) -> int:
        """The status of a PUT to a key that exists."""
        from botocore.exceptions import ClientError

        content = self.trial.left[self.key]
        try:
            self.client.put_object(
                **self._object(self.key), Body=content, ContentType=MEDIA_TYPE, **options
            )
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200

    def read_by_url(self) -> str:
        status, content, _headers = self._send("GET", url_of(self.backend, self.key))
        if status != 200:
            raise Finding(f"HTTP {status}", "Check region_name, endpoint_url and public_url.")
        if content != self.trial.left[self.key]:
            raise Finding("the file that comes back is another one")
        return ""

    def closed(self) -> str:
        url = url_of(self.backend, self.key).partition("?")[0]
        status, _content, _headers = self._send("GET", url)
        if status not in _CLOSED:
            raise Finding(
                f"everyone can read files without a signature (HTTP {status})",
                "Take public access away from the bucket, or pass its public_url to s3_storage().",
            )
        return ""

    def list_of_strangers(self) -> str:
        url = self._signed("list_objects_v2", Bucket=self.backend.bucket.name).partition("?")[0]
        status, content, _headers = self._send("GET", f"{url}?list-type=2&max-keys=1")
        if status == 200 and b"ListBucketResult" in content:
            raise Finding(
                "everyone can list the bucket, so keys are no secret",
                "Take s3:ListBucket away from the public, or the list permission of the ACL.",
            )
        return ""

    def upload(self) -> str:
        key = self.trial.new_file(secrets.token_bytes(_LENGTH))
        status = self._upload(key, self.trial.left[key], MEDIA_TYPE)
        if status not in (200, 201, 204):
            raise Finding(
                f"HTTP {status}",
                "The key needs s3:PutObject for this prefix too. Check endpoint_url.",
            )
        stored = self.client.get_object(**self._object(key))["Body"].read()
        if stored != self.trial.left[key]:
            raise Finding("the file that was stored is another one")
        return ""

    def other_upload(self, length: int, media_type: str) -> str:
        key = self.trial.new_file(secrets.token_bytes(length))
        return self._refused(self._upload(key, self.trial.left[key], media_type))

    def other_bytes(self) -> str:
        key, promised = self.trial.new_file(), secrets.token_bytes(_LENGTH)
        content = secrets.token_bytes(_LENGTH)
        return self._refused(self._upload(key, content, MEDIA_TYPE, promised=promised))

    def _refused(self, status: int) -> str:
        if status not in _DIFFERS:
            raise Finding(
                f"the server does not hold clients to what was signed (HTTP {status})",
                "The package looks at every file before it is used; what a client sends beyond "
                "its promise only takes space until it is removed.",
            )
        return ""

    def second_upload(self) -> str:
        key = self.trial.new_file(secrets.token_bytes(_LENGTH))
        statuses = [self._upload(key, self.trial.left[key], MEDIA_TYPE) for _time in range(2)]
        if statuses[1] != _EXISTS:
            raise Finding(
                f"the same URL stores a file again (HTTP {statuses[1]})",
                "The package uses only bytes that it has inspected, so this does no harm.",
            )
        return ""

    def preflight(self, origin: str) -> str:
        key = self.trial.new_file(b"")
        asked = self._signed("put_object", **self._object(key))
        wanted = ", ".join(self._headers_of_upload())
        status, _content, headers = self._send(
            "OPTIONS",
            asked,
            {
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": wanted,
            },
        )
        allowed = {name: headers.get(f"access-control-allow-{name}", "") for name in _ALLOWED}
        names = {one.strip().lower() for one in allowed["headers"].split(",")}
        missing = [] if "*" in names else [one for one in wanted.split(", ") if one not in names]
        hint = "Give the bucket the CORS rule below. Some servers take minutes to notice it."
        if status not in (200, 204) or allowed["origin"] not in ("*", origin):
            raise Finding(f"uploads from there are not allowed (HTTP {status})", hint)
        if "PUT" not in allowed["methods"]:
            raise Finding("the rule does not allow PUT", hint)
        if missing:
            raise Finding(f"the rule does not allow the headers {', '.join(missing)}", hint)
        return ""

    def _headers_of_upload(self) -> list[str]:
        able = conditional_writes(self.backend)
        return [name for name in HEADERS if able or name != "if-none-match"]

    def _upload(self, key: str, content: bytes, media_type: str, promised: bytes = b"") -> int:
        """The status of an upload whose URL promises ``_LENGTH`` bytes of ``MEDIA_TYPE``, and the
        digest of ``promised`` or else of the content: all that a URL for an upload promises.
        """
        digest = b64encode(sha256(promised or content).digest()).decode()
        condition = {"IfNoneMatch": "*"} if conditional_writes(self.backend) else {}
        url = self._signed(
            "put_object",
            **self._object(key),
            ContentType=MEDIA_TYPE,
            ContentLength=_LENGTH,
            ContentDisposition="attachment",
            ChecksumSHA256=digest,
            **condition,
        )
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": "attachment",
            "x-amz-checksum-sha256": digest,
            **({"If-None-Match": "*"} if condition else {}),
        }
        return self._send("PUT", url, headers, content)[0]

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.backend.bucket.name, "Key": name_of(self.backend, key)}

    def _signed(self, operation: str, **parameters: Any) -> str:
        url: str = self.client.generate_presigned_url(
            operation, Params=parameters, ExpiresIn=_EXPIRE
        )
        return url

    def _send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, bytes, Mapping[str, str]]:
        return send(method, url, headers=headers or {}, body=body, verify=self.backend.verify)
