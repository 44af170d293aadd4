"""The S3 storage of django-storages with options that suit images, for a settings file.

The import needs no settings and no boto3; only the call imports boto3.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from django_polyimages.storage.providers import PROVIDERS, Provider, ProviderName, provider_at

if TYPE_CHECKING:
    from botocore.config import Config
    from django.core.files.storage import Storage

__all__ = ["Provider", "s3_storage"]

_GIB = 1024**3
_PARTS_OF_CONFIG = ("signature_version", "addressing_style", "proxies", "client_config")
"""Options that are merged into ``client_config``, because django-storages would ignore them."""


def s3_storage(
    bucket: str,
    *,
    endpoint_url: str | None = None,
    provider: ProviderName | Provider | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    public_url: str | None = None,
    signed_urls: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """An entry of ``STORAGES`` for AWS, Cloudflare R2, Backblaze B2, Google Cloud Storage,
    DigitalOcean Spaces, MinIO, SeaweedFS, Ceph and others.

    A file of up to 1 GiB is one PUT, sent by the thread that saves it, signed with version 4 and
    without checksums in a trailer. The time limit is 5 seconds for connecting and 10 seconds for a
    response, and a request is tried three times.

    ``endpoint_url`` is the URL of the server, ``None`` for AWS. ``provider`` says what the server
    can do: the name of a profile, such as ``minio``, or a ``Provider`` of your own. It is needed
    only where the address does not tell. ``region`` is the region of the bucket; by default that
    of the address or of the profile, such as ``auto`` for R2. Without ``access_key`` and
    ``secret_key``, boto3 looks for credentials as usual: in the environment, in its own files and
    in the role of the machine. Arguments that are ``None`` may also come from the ``AWS_*``
    settings of django-storages.

    ``public_url`` is where everyone can read the bucket, such as ``https://images.example.com``:
    URLs start with it, are not signed and do not expire. Other URLs are signed and valid for an
    hour (``querystring_expire``, in seconds), unless ``signed_urls`` is false.

    ``options`` are further options of django-storages and replace those set here. A
    ``client_config`` replaces only the values that it sets.

    Raises ``ImproperlyConfigured`` if boto3 or django-storages is not installed, if one of the two
    keys is missing, if there is no such ``provider``, or if ``public_url`` is not a complete URL.
    """
    if not (find_spec("boto3") and find_spec("storages")):
        raise ImproperlyConfigured(
            "s3_storage() needs boto3 and django-storages: pip install "
            '"django-polyimages[s3]" installs both.'
        )
    if bool(access_key) != bool(secret_key):
        raise ImproperlyConfigured(
            "s3_storage() was given only one of access_key and secret_key. If they come from "
            "environment variables, one of these is not set."
        )
    from boto3.s3.transfer import TransferConfig

    profile = _profile(provider, endpoint_url)
    server = {
        "provider": provider,
        "endpoint_url": endpoint_url,
        "region_name": region or profile.region_of(endpoint_url),
        "access_key": access_key,
        "secret_key": secret_key,
    }
    config = {name: options.pop(name) for name in _PARTS_OF_CONFIG if name in options}
    config.setdefault("addressing_style", profile.addressing_style)
    readers = "private" if signed_urls and not public_url else "public"
    return {
        "BACKEND": "django_polyimages.storage.s3_backend.S3ImageStorage",
        "OPTIONS": {
            "bucket_name": bucket,
            **{name: value for name, value in server.items() if value},
            **_domain(public_url),
            "querystring_auth": signed_urls,
            "client_config": _client_config(**config),
            "transfer_config": TransferConfig(multipart_threshold=_GIB, use_threads=False),
            # Buckets without ACLs, the default of AWS, reject uploads with an ACL.
            "default_acl": None,
            # False costs a HEAD before each PUT. Keys are random, so no file is overwritten.
            "file_overwrite": True,
            "object_parameters": {"CacheControl": f"{readers}, max-age=31536000, immutable"},
            **options,
        },
    }


def provider_of(backend: Any) -> Provider:
    """The profile of the server of an S3 storage: the one given, or else that of its address."""
    return _profile(getattr(backend, "provider", None), endpoint_of(backend))


def conditional_writes(backend: Storage) -> bool:
    """Whether a PUT with ``If-None-Match: *`` creates an object and never replaces one.

    False for a storage that is not S3.
    """
    return is_s3(backend) and provider_of(backend).conditional_writes


def endpoint_of(backend: Any) -> str:
    """The endpoint; empty for AWS. botocore uses the variables if no URL is given."""
    general = os.environ.get("AWS_ENDPOINT_URL", "")
    return backend.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or general


def is_s3(backend: Storage) -> bool:
    """Whether ``backend`` is the S3 storage of django-storages, which may not be installed."""
    return _s3_storage_of(_class_of(backend)) is not None


def inherits_from_s3(backend: Storage, method: str) -> bool:
    """Whether ``method`` of ``backend`` is that of the S3 storage of django-storages, unchanged."""
    own = _class_of(backend)
    original = _s3_storage_of(own)
    return original is not None and getattr(own, method) is getattr(original, method)


def signs_urls(backend: Any) -> bool:
    """Whether the URLs of ``backend`` are signed and expire: only S3 is known to do that."""
    if not (is_s3(backend) and backend.querystring_auth):
        return False
    return not backend.custom_domain or backend.cloudfront_signer is not None


@lru_cache(maxsize=64)
def _s3_storage_of(cls: type) -> type | None:
    for base in cls.__mro__:
        if (base.__module__, base.__name__) == ("storages.backends.s3", "S3Storage"):
            return base
    return None


def _class_of(backend: Storage) -> type:
    cls: type = backend.__class__  # that of the wrapped storage, where ``backend`` is lazy
    return cls


def _profile(given: str | Provider | None, endpoint_url: str | None) -> Provider:
    if isinstance(given, Provider):
        return given
    if not given:
        return provider_at(endpoint_url)
    if given not in PROVIDERS:
        known = ", ".join(map(repr, PROVIDERS))
        raise ImproperlyConfigured(f"There is no provider {given!r}; choose from {known}.")
    return PROVIDERS[given]


def _domain(public_url: str | None) -> dict[str, str | None]:
    if not public_url:
        return {"custom_domain": None}
    url = urlsplit(public_url)
    if not (url.scheme and url.netloc):
        raise ImproperlyConfigured(
            f"public_url is {public_url!r}; write a complete URL, such as 'https://images.example.com'."
        )
    return {
        "url_protocol": f"{url.scheme}:",
        "custom_domain": f"{url.netloc}{url.path}".rstrip("/"),
    }


def _client_config(
    *,
    signature_version: str = "s3v4",
    addressing_style: Literal["auto", "path", "virtual"],
    proxies: dict[str, str] | None = None,
    client_config: Config | None = None,
) -> Config:
    from botocore.config import Config

    config = Config(
        signature_version=signature_version,
        # Every server supports "path". With "auto", boto3 signs URLs of AWS for a host that
        # redirects to another one while a bucket is new.
        s3={"addressing_style": addressing_style},
        proxies=proxies,
        # By default boto3 sends checksums in a trailer, which R2, Ceph and others reject.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # One for each thread that may send at the same time, and some for those of requests: boto3
        # closes the others after each use.
        max_pool_connections=25,
        connect_timeout=5,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return config.merge(client_config) if client_config else config
