"""Checks of django-storages' S3 storage, read from its attributes: what is set for it alone in
``OPTIONS`` and what the ``AWS_*`` settings say for all end up there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core import checks
from django.core.files.storage import Storage

from django_polyimages.conf import get_settings

_R2_REGIONS = ("auto", "wnam", "enam", "weur", "eeur", "apac", "oc")
_R2_ALIASES = ("", "us-east-1")
"""What R2 takes for ``auto``."""
_WEEK = 7 * 24 * 60 * 60
_MIB = 1024 * 1024


def is_s3(backend: Storage) -> bool:
    """Whether ``backend`` is django-storages' for S3, which need not be installed."""
    return any(
        (base.__module__, base.__name__) == ("storages.backends.s3", "S3Storage")
        for base in type(backend).__mro__
    )


def complaints(alias: str, backend: Any) -> Iterator[checks.CheckMessage]:
    """What is known to fail, or to cost a request more, sooner or later."""
    options = f'STORAGES["{alias}"]["OPTIONS"]'
    yield from _errors(options, backend)
    if not backend.file_overwrite:
        yield checks.Warning(
            "file_overwrite is False, so every file costs a HEAD request before its PUT.",
            hint=f'Set "file_overwrite": True in {options}: keys are random and never used twice.',
            obj=options,
            id="polyimages.W011",
        )
    if backend.default_acl:
        yield checks.Warning(
            f"default_acl is {backend.default_acl!r}: buckets without ACLs, as AWS makes them, "
            "refuse every upload, and Cloudflare R2 ignores it.",
            hint=f'Set "default_acl": None in {options}, and open the bucket by its policy or a '
            "custom domain. If your bucket has ACLs, silence this check.",
            obj=options,
            id="polyimages.W012",
        )
    if _sends_trailing_checksums(backend):
        yield checks.Warning(
            f"Uploads to {_host(backend)} carry checksums in a trailer, which R2, Ceph and others "
            "refuse.",
            hint='Set "client_config": botocore.config.Config(request_checksum_calculation='
            '"when_required", response_checksum_validation="when_required", '
            f'signature_version="s3v4") in {options}.',
            obj=options,
            id="polyimages.W013",
        )
    threshold, largest = backend.transfer_config.multipart_threshold, get_settings().max_bytes
    if threshold <= largest:
        yield checks.Warning(
            f"Files from {threshold} bytes on are sent in parts, which are four requests or more; "
            f"MAX_BYTES allows {largest} bytes.",
            hint='Set "transfer_config": boto3.s3.transfer.TransferConfig(multipart_threshold='
            f"{largest // _MIB + 1} * 1024 * 1024, use_threads=False) in {options}.",
            obj=options,
            id="polyimages.W014",
        )
    for name, value in _ignored(backend):
        yield checks.Warning(
            f"{name} is {value!r}, but client_config is given too and says otherwise.",
            hint=f"Put it into client_config: Config({_as_argument(name, value)}, ...).",
            obj=options,
            id="polyimages.W015",
        )


def _errors(options: str, backend: Any) -> Iterator[checks.CheckMessage]:
    signature, region = backend.client_config.signature_version, _region(backend)
    signs_urls = backend.querystring_auth and not backend.custom_domain
    if not backend.bucket_name:
        yield checks.Error(
            "The S3 storage has no bucket_name, so every request fails.",
            hint=f'Set "bucket_name" in {options}; if it comes from a variable of the environment, '
            "that is not set.",
            obj=options,
            id="polyimages.E019",
        )
    # botocore signs requests with version 4, but URLs with version 2 where it takes R2 for AWS.
    signs_as_v2 = signature or (signs_urls and region in _R2_ALIASES)
    if _is_r2(backend) and signature != "s3v4" and signs_as_v2:
        yield checks.Error(
            "Cloudflare R2 refuses signatures of version 2, which URLs have unless told otherwise.",
            hint='Set "client_config": botocore.config.Config(signature_version="s3v4", ...), or '
            f'"signature_version": "s3v4" where there is no client_config, in {options}.',
            obj=options,
            id="polyimages.E020",
        )
    if _is_r2(backend) and region not in (*_R2_ALIASES, *_R2_REGIONS):
        yield checks.Error(
            f"Cloudflare R2 has no region {region!r}.",
            hint=f'Set "region_name": "auto" in {options}.',
            obj=options,
            id="polyimages.E021",
        )
    if signature == "s3v4" and signs_urls and backend.querystring_expire > _WEEK:
        yield checks.Error(
            f"querystring_expire is {backend.querystring_expire} seconds; S3 refuses URLs that are "
            "valid for more than seven days.",
            hint=f'Set "querystring_expire": {_WEEK} or less in {options}.',
            obj=options,
            id="polyimages.E022",
        )


def _endpoint(backend: Any) -> str:
    """Empty for AWS itself. botocore reads the variables where no URL is given."""
    variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    given = [backend.endpoint_url, *(os.environ.get(name) for name in variables)]
    return next((url for url in given if url), "")


def _region(backend: Any) -> str:
    return str(backend.region_name or _variable(backend, "region") or "").lower()


def _variable(backend: Any, name: str) -> Any:
    """What the environment or ``~/.aws/config`` says, as botocore reads it."""
    from botocore.exceptions import ProfileNotFound  # installed where there is such a storage
    from botocore.session import Session

    try:
        return Session(profile=backend.session_profile).get_config_variable(name)
    except ProfileNotFound:  # here, though maybe not where the site runs
        return None


def _host(backend: Any) -> str:
    return urlsplit(_endpoint(backend)).hostname or ""


def _is_r2(backend: Any) -> bool:
    return _host(backend).endswith(".r2.cloudflarestorage.com")


def _sends_trailing_checksums(backend: Any) -> bool:
    """Whether boto3's default is in force at a server that is not AWS; over http the checksum is an
    ordinary header.
    """
    host = _host(backend)
    if not _endpoint(backend).startswith("https:") or host.endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    ):
        return False
    config = backend.client_config
    if not hasattr(config, "request_checksum_calculation"):  # boto3 before 1.36
        return False
    chosen = config.request_checksum_calculation or _variable(
        backend, "request_checksum_calculation"
    )
    return str(chosen).lower() != "when_required"


def _ignored(backend: Any) -> Iterator[tuple[str, Any]]:
    """Options that the host's ``client_config`` replaces; without one they are its contents."""
    config = backend.client_config
    in_force = {
        "addressing_style": (config.s3 or {}).get("addressing_style"),
        "signature_version": config.signature_version,
        "proxies": config.proxies,
    }
    for name, value in in_force.items():
        given = getattr(backend, name)
        if given and given != value:
            yield name, given


def _as_argument(name: str, value: Any) -> str:
    if name == "addressing_style":
        return f's3={{"addressing_style": {value!r}}}'
    return f"{name}={value!r}"
