"""Checks the S3 storage of django-storages.

The attributes of the storage include both its ``OPTIONS`` and the ``AWS_*`` settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core import checks

from django_polyimages.checks.providers import traps
from django_polyimages.conf import get_settings
from django_polyimages.storage.s3 import endpoint_of, inherits_from_s3, provider_of, signs_urls
from django_polyimages.storage.signing import signer_of

_R2_REGIONS = ("auto", "wnam", "enam", "weur", "eeur", "apac", "oc")
_R2_ALIASES = ("", "us-east-1")
"""Regions that R2 treats as ``auto``."""
_MUCH_LONGER = 3
"""How many times ``STORAGE_TIMEOUT`` a request may last."""
_WEEK = 7 * 24 * 60 * 60


def complaints(alias: str, backend: Any) -> Iterator[checks.CheckMessage]:
    """Options that are known to fail or to cost additional requests."""
    for check_id, text in (*_failures(backend), *_costs(backend)):
        kind = checks.Error if ".E" in check_id else checks.Warning
        hint = (
            f"Write STORAGES[{alias!r}] = s3_storage(...), from django_polyimages.storage.s3: the "
            "options that it sets pass every check."
        )
        yield kind(text, hint=hint, obj=f"STORAGES[{alias!r}]", id=check_id)
    for check_id, text, hint in traps(backend):
        kind = checks.Error if ".E" in check_id else checks.Warning
        yield kind(text, hint=hint, obj=f"STORAGES[{alias!r}]", id=check_id)


def _failures(backend: Any) -> Iterator[tuple[str, str]]:
    signature, expire = backend.client_config.signature_version, backend.querystring_expire
    signed = backend.querystring_auth and not backend.custom_domain
    if not backend.bucket_name:
        yield "polyimages.E019", "bucket_name is empty. Perhaps an environment variable is not set."
    provider = provider_of(backend)
    if "s3" not in provider.signature_versions:
        region = str(backend.region_name or _variable(backend, "region") or "").lower()
        # botocore signs requests with version 4, but URLs with version 2 if it takes R2 for AWS.
        if signature != "s3v4" and (signature or (signed and region in _R2_ALIASES)):
            yield (
                "polyimages.E020",
                f'{provider.title} needs a Config(signature_version="s3v4").',
            )
        if provider.name == "r2" and region not in (*_R2_ALIASES, *_R2_REGIONS):
            yield "polyimages.E021", f'Cloudflare R2 has no region {region!r}. Use "auto".'
    window = get_settings().url_window or 0
    if signature == "s3v4" and signed and expire + window > _WEEK:
        added = f" and URL_WINDOW adds {window}" if window else ""
        yield (
            "polyimages.E022",
            f"querystring_expire is {expire} seconds{added}, but S3 allows {_WEEK}.",
        )


def _costs(backend: Any) -> Iterator[tuple[str, str]]:
    if get_settings().url_window and signs_urls(backend) and not _keeps_urls(backend):
        yield (
            "polyimages.W033",
            "URL_WINDOW has no effect, because only URLs of CloudFront, and those of S3 with a "
            "signature of version 4, can stay the same.",
        )
    if not backend.file_overwrite:
        yield (
            "polyimages.W011",
            "file_overwrite is False, which costs a HEAD before each PUT.",
        )
    if backend.default_acl:
        yield (
            "polyimages.W012",
            f"default_acl is {backend.default_acl!r}. Buckets without ACLs, the default of AWS, "
            "then reject every upload, and Cloudflare R2 ignores it.",
        )
    if _sends_trailing_checksums(backend):
        yield (
            "polyimages.W013",
            f"Uploads to {endpoint_of(backend)} send checksums in a trailer, which R2, Ceph and "
            'others reject. Set Config(request_checksum_calculation="when_required").',
        )
    threshold, largest = backend.transfer_config.multipart_threshold, get_settings().max_bytes
    if threshold <= largest:
        yield (
            "polyimages.W014",
            f"multipart_threshold is {threshold} bytes, but MAX_BYTES is {largest}. Larger files "
            "are uploaded in parts, which takes at least four requests.",
        )
    yield from _long_waits(backend)
    config = backend.client_config
    in_force = {
        "addressing_style": (config.s3 or {}).get("addressing_style"),
        "signature_version": config.signature_version,
        "proxies": config.proxies,
    }
    for name, value in in_force.items():
        given = getattr(backend, name)
        if given and given != value:
            yield (
                "polyimages.W015",
                f"{name} is {given!r}, but client_config has another value, which is used. Pass "
                f"{name} to s3_storage(), or put it into the Config.",
            )


def _keeps_urls(backend: Any) -> bool:
    """Whether the package can sign its URLs. Credentials that are not given are not looked for."""
    if not inherits_from_s3(backend, "url"):
        return False
    if backend.custom_domain or backend.client_config.signature_version == "s3v4":
        return True
    return bool(backend.secret_key) and signer_of(backend) is not None


def _long_waits(backend: Any) -> Iterator[tuple[str, str]]:
    config, limit = backend.client_config, get_settings().storage_timeout
    seconds = max(config.connect_timeout or 0, config.read_timeout or 0)  # one or the other fails
    attempts = _attempts(backend)
    if seconds * attempts > _MUCH_LONGER * limit:
        yield (
            "polyimages.W051",
            f"A request to a server that does not answer lasts {seconds * attempts:.0f} seconds "
            f"({attempts} attempts of {seconds:.0f}), but STORAGE_TIMEOUT is {limit}. It keeps one "
            "of the threads for uploads busy meanwhile, so later uploads fail longer than the "
            "storage does. Set connect_timeout, read_timeout and retries in client_config.",
        )


def _attempts(backend: Any) -> int:
    """How often botocore sends a request."""
    retries = backend.client_config.retries or {}
    if "total_max_attempts" in retries:
        return int(retries["total_max_attempts"])
    if "max_attempts" in retries:  # without the first one
        return 1 + int(retries["max_attempts"])
    mode = retries.get("mode") or _variable(backend, "retry_mode") or "legacy"
    return int(_variable(backend, "max_attempts") or (5 if mode == "legacy" else 3))


def _variable(backend: Any, name: str) -> Any:
    """A value from the environment or ``~/.aws/config``, read like botocore does."""
    from botocore.exceptions import ProfileNotFound  # installed if such a storage is used
    from botocore.session import Session

    try:
        return Session(profile=backend.session_profile).get_config_variable(name)
    except ProfileNotFound:  # missing here, but perhaps not on the server
        return None


def _sends_trailing_checksums(backend: Any) -> bool:
    """Whether boto3 sends checksums in a trailer to a server other than AWS.

    Over http it sends them in a header.
    """
    is_encrypted = urlsplit(endpoint_of(backend)).scheme == "https"
    if not is_encrypted or provider_of(backend).checksum_trailers:
        return False
    name = "request_checksum_calculation"
    # boto3 before 1.36 has no such option and sends none.
    chosen = getattr(backend.client_config, name, "when_required") or _variable(backend, name)
    return str(chosen).lower() != "when_required"
