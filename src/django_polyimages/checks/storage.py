"""Checks the configuration of the storage, without a request and without writing anything."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, storages
from django.urls import get_script_prefix

from django_polyimages.checks import s3
from django_polyimages.conf import Settings, get_settings
from django_polyimages.storage.s3 import is_s3


def check_storage(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that the storage exists and that its options suit this package."""
    alias = get_settings().storage
    if alias not in storages.backends:
        if alias != Settings().storage:
            return [_unknown(alias)]
        alias = "default"
    messages: list[checks.CheckMessage] = []
    if alias == "staticfiles":
        messages.append(
            checks.Error(
                'POLYIMAGES["STORAGE"] is "staticfiles": images would be stored among the files '
                "that collectstatic writes and may delete.",
                hint='Add a separate storage, STORAGES["polyimages"], and leave STORAGE out.',
                obj="POLYIMAGES",
                id="polyimages.E016",
            )
        )
    try:
        backend = storages[alias]
    except (ImproperlyConfigured, ImportError, TypeError) as error:
        return [*messages, _unusable(alias, error)]
    if isinstance(backend, FileSystemStorage):
        messages.extend(_complaints_of_disk(alias, backend))
    elif is_s3(backend):
        messages.extend(s3.complaints(alias, backend))
    return messages


def _unknown(alias: str) -> checks.CheckMessage:
    known = ", ".join(repr(name) for name in storages.backends)
    return checks.Error(
        f'POLYIMAGES["STORAGE"] is {alias!r}, an alias that STORAGES does not have: images would '
        "be stored in the default storage.",
        hint=f"Add {alias!r} to STORAGES, or choose one of {known}.",
        obj="POLYIMAGES",
        id="polyimages.E015",
    )


def _unusable(alias: str, error: Exception) -> checks.CheckMessage:
    return checks.Error(
        f"The storage {alias!r} cannot be created: {error}",
        hint=f'Correct STORAGES[{alias!r}]. S3 needs pip install "django-polyimages[s3]".',
        obj=f"STORAGES[{alias!r}]",
        id="polyimages.E017",
    )


def _complaints_of_disk(alias: str, backend: FileSystemStorage) -> list[checks.CheckMessage]:
    messages: list[checks.CheckMessage] = []
    if not backend.base_location:
        messages.append(
            checks.Error(
                "MEDIA_ROOT is not set: images would be stored in the working directory of the "
                "server.",
                hint='Write MEDIA_ROOT = BASE_DIR / "media".',
                obj=f"STORAGES[{alias!r}]",
                id="polyimages.E018",
            )
        )
    # Django adds the script prefix to a MEDIA_URL without a host, even to an empty one.
    if backend.base_url in ("", get_script_prefix()):
        messages.append(
            checks.Warning(
                "MEDIA_URL is not set: URLs of images would start at the root of the site.",
                hint='Write MEDIA_URL = "media/", and let the web server serve MEDIA_ROOT there.',
                obj=f"STORAGES[{alias!r}]",
                id="polyimages.W010",
            )
        )
    return messages
