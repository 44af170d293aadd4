"""Checks for the mistakes that belong to one provider of S3: mostly its addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django_polyimages.storage.s3 import endpoint_of, provider_of

_READERS: Final = re.compile(
    r".+\.r2\.dev|.+\.cdn\.digitaloceanspaces\.com|f\d+\.backblazeb2\.com|.+\.cloudfront\.net"
)
"""Hosts that only serve files."""
_STRICT_REGIONS: Final = ("aws", "b2")
"""Providers that refuse signatures for another region than that of the address."""


def traps(backend: Any) -> Iterator[tuple[str, str, str]]:
    """The id, the text and the hint of each mistake."""
    url, provider = urlsplit(endpoint_of(backend)), provider_of(backend)
    host = url.hostname or ""
    if not host and _is_elsewhere(backend):
        yield (
            "polyimages.E073",
            f"The provider is {provider.title}, but endpoint_url is empty, so requests go to AWS.",
            "Set endpoint_url. Perhaps an environment variable is not set.",
        )
    elif _READERS.fullmatch(host):
        yield (
            "polyimages.E070",
            f"endpoint_url is {host}, where files can only be read.",
            "Write the address of the API, and pass this one as public_url.",
        )
    elif provider.needs_own_host and not re.fullmatch(provider.hosts, host):
        yield (
            "polyimages.E074",
            f"{provider.title} does not take signed URLs at {host}.",
            "Write the address of the API, and pass a domain of your own as public_url.",
        )
    elif _names_bucket(host, url.path, backend.bucket_name, is_known=bool(provider.hosts)):
        yield (
            "polyimages.E071",
            f"endpoint_url contains the name of the bucket, {backend.bucket_name}, which is added "
            "again: every key would begin with it.",
            "Write endpoint_url without the bucket.",
        )
    if provider.needs_https and url.scheme == "http":
        yield (
            "polyimages.E072",
            f"{provider.title} does not take requests over http.",
            "Write https:// in endpoint_url.",
        )
    region = provider.region_of(endpoint_of(backend))
    if provider.name in _STRICT_REGIONS and region and backend.region_name not in (None, region):
        yield (
            "polyimages.W070",
            f"region_name is {backend.region_name!r}, but {host} is in {region!r}.",
            "Leave the region out: s3_storage() reads it from endpoint_url.",
        )
    if backend.custom_domain and backend.custom_domain.partition("/")[0].endswith(".r2.dev"):
        yield (
            "polyimages.W071",
            f"{backend.custom_domain} is for tests: Cloudflare limits how often it answers.",
            "Connect a domain of your own to the bucket, and pass it as public_url.",
        )


def _is_elsewhere(backend: Any) -> bool:
    """Whether the profile was given and is that of another server than AWS."""
    return bool(getattr(backend, "provider", None)) and provider_of(backend).name != "aws"


def _names_bucket(host: str, path: str, bucket: str, *, is_known: bool) -> bool:
    if not bucket:
        return False
    return path.strip("/") == bucket or (is_known and host.startswith(f"{bucket.lower()}."))
