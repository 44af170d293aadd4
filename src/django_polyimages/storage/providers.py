"""What the servers that speak S3 differ in, as their documentation says it.

Nothing here was tried at a provider except for SeaweedFS and Ceph, which run in the tests; each
profile names its source. ``manage.py polyimages_storage`` tries a bucket and tells what its server
really does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import urlsplit

ProviderName = Literal["aws", "r2", "b2", "gcs", "spaces", "minio", "seaweedfs", "ceph", "other"]
_MIB: Final = 1024**2
_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a server that speaks S3 can do, as far as this package needs to know it."""

    name: str
    """Such as ``r2``; an own profile has an own name."""
    title: str
    """For messages, such as ``Cloudflare R2``."""
    hosts: str = ""
    """A regular expression for the host names of its endpoints; its group ``region``, if it has
    one, is the region.
    """
    region: str | None = None
    """What to sign with if no region is given, and the host name does not say it."""
    needs_https: bool = False
    signature_versions: tuple[str, ...] = ("s3v4", "s3")
    """Those it accepts, as botocore calls them."""
    addressing_style: Literal["path", "virtual"] = "path"
    """Where the name of the bucket is, unless another style is given."""
    conditional_writes: bool = False
    """Whether a PUT with ``If-None-Match: *`` is refused with 412 if there is an object already.
    False also where this is not documented: a server that does not know the header either ignores
    it or refuses every upload with 501.
    """
    checksum_trailers: bool = False
    """Whether it accepts the checksums that boto3 sends behind the content by default."""
    object_acls: bool = False
    """Whether single objects can be made public by an ACL."""
    presigned_post: bool | None = None
    """Whether browsers can upload with a form; None if this could not be verified. The package
    never does: a signed PUT works everywhere.
    """
    needs_own_host: bool = False
    """Whether signed URLs work only at ``hosts``, never at a domain of one's own."""
    largest_put: int = 5 * _GIB
    """The largest object that is sent at once, in bytes."""

    def region_of(self, endpoint_url: str | None) -> str | None:
        """The region for this endpoint, if it is known."""
        found = re.fullmatch(self.hosts, _host_of(endpoint_url))
        return (found.groupdict().get("region") if found else None) or self.region


_AWS: Final = Provider(
    name="aws",
    title="Amazon S3",
    hosts=(
        r"(?:.+?[.-])?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?(?:vpce\.)?amazonaws\.com(?:\.cn)?"
    ),
    conditional_writes=True,
    checksum_trailers=True,
    object_acls=True,
    presigned_post=True,
)
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html (version 4 or TLS);
ACLs are off in new buckets. A domain of one's own needs CloudFront, which signs otherwise.
"""

_R2: Final = Provider(
    name="r2",
    title="Cloudflare R2",
    hosts=r".+\.r2\.cloudflarestorage\.com",
    region="auto",
    signature_versions=("s3v4",),
    conditional_writes=True,
    presigned_post=False,
    needs_own_host=True,
    largest_put=5 * _GIB - 5 * _MIB,
)
"""https://developers.cloudflare.com/r2/api/s3/api/ (no ACLs), .../api/s3/conditional-operations/,
.../api/s3/presigned-urls/ (no POST, only on the host of the API), .../platform/limits/. That it
compares a signed Content-Length is not documented.
"""

_B2: Final = Provider(
    name="b2",
    title="Backblaze B2",
    hosts=r"(?:.+\.)?s3\.(?P<region>[a-z0-9-]+)\.backblazeb2\.com",
    needs_https=True,
    signature_versions=("s3v4",),
)
"""https://www.backblaze.com/docs/cloud-storage-call-the-s3-compatible-api (only https and version
4) and .../cloud-storage-s3-compatible-api (ACLs of buckets only). Conditional writes are refused
with 501: https://github.com/sathinduga/obsidian-s3-sync-and-backup/pull/84.
"""

_GCS: Final = Provider(
    name="gcs",
    title="Google Cloud Storage",
    hosts=r"(?:.+\.)?storage\.googleapis\.com",
    region="auto",
)
"""A PUT with ``If-None-Match`` ignores it (https://github.com/aws/aws-sdk-java-v2/pull/6055), as
Google compares generations instead. Checksums of boto3 are refused:
https://github.com/boto/boto3/issues/4400.
"""

_SPACES: Final = Provider(
    name="spaces",
    title="DigitalOcean Spaces",
    hosts=r"(?:.+\.)?(?P<region>[a-z]{3}\d)\.digitaloceanspaces\.com",
    object_acls=True,
)
"""https://docs.digitalocean.com/products/spaces/reference/s3-compatibility/ and
https://docs.digitalocean.com/reference/api/spaces-api/ (no checksums of boto3 1.36 and later).
Conditional writes are in neither.
"""

_MINIO: Final = Provider(
    name="minio",
    title="MinIO",
    conditional_writes=True,
)
"""https://github.com/minio/minio/issues/20346. It has policies instead of ACLs."""

_SEAWEEDFS: Final = Provider(
    name="seaweedfs",
    title="SeaweedFS",
    conditional_writes=True,
    presigned_post=True,
)
"""Tried with 4.48. With checksums behind the content it stores a ``Content-Encoding`` that browsers
do not know.
"""

_CEPH: Final = Provider(
    name="ceph",
    title="Ceph",
    conditional_writes=True,
    object_acls=True,
    presigned_post=True,
)
"""Tried with radosgw 16.2.15."""

OTHER: Final = Provider(name="other", title="an S3 server")
"""A server that the address does not tell: what every server can do."""

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {one.name: one for one in (_AWS, _R2, _B2, _GCS, _SPACES, _MINIO, _SEAWEEDFS, _CEPH, OTHER)}
)
"""By name."""


def provider_at(endpoint_url: str | None) -> Provider:
    """The provider with this endpoint; AWS without one."""
    if not endpoint_url:
        return _AWS
    host = _host_of(endpoint_url)
    known = (one for one in PROVIDERS.values() if one.hosts and re.fullmatch(one.hosts, host))
    return next(known, OTHER)


def _host_of(endpoint_url: str | None) -> str:
    return (urlsplit(endpoint_url or "").hostname or "").lower()
