"""Checks where originals are stored: whoever sees a version can guess the key of its original."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, Storage, storages

from django_polyimages.checks import s3
from django_polyimages.conf import get_settings
from django_polyimages.storage.s3 import is_s3, signs_urls

_HINT = (
    'Add to STORAGES, beside "default" and "staticfiles", a storage that no URL serves, such as '
    '"originals": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": '
    '{"location": BASE_DIR / "originals"}}, or a private bucket. Then set POLYIMAGES = '
    '{"ORIGINAL_STORAGE": "originals"} and, if there are images already, run manage.py '
    "polyimages_move_originals. If the originals may be public, silence this check."
)


def check_originals(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check ``ORIGINAL_STORAGE``, and whether originals can be fetched without being asked who."""
    alias, alias_of_versions = get_settings().original_storage, _alias_of_versions()
    if alias is not None and alias not in storages.backends:
        return [_unknown(alias)]
    if alias in ("staticfiles", alias_of_versions):
        return [_not_its_own(str(alias))]
    try:
        versions = storages[alias_of_versions]
        originals = versions if alias is None else storages[alias]
    except (ImproperlyConfigured, ImportError, TypeError) as error:
        # check_storage() reports that of the versions
        return [] if alias is None else [_unusable(alias, error)]
    messages = list(s3.complaints(alias, originals)) if alias and is_s3(originals) else []
    messages += [_public(reason) for reason in _reasons(originals, versions)]
    return messages


def _alias_of_versions() -> str:
    alias = get_settings().storage
    return alias if alias in storages.backends else "default"


def _reasons(originals: Storage, versions: Storage) -> Iterator[str]:
    """Why originals are public, if they are."""
    if isinstance(originals, FileSystemStorage):
        if originals is versions:
            yield "they are in the same folder as their versions"
        elif folder := _served_folder(originals, versions):
            yield f"their folder is in {folder}, which the web server serves"
    elif is_s3(originals):
        if not signs_urls(originals):
            yield "their bucket has URLs that are not signed, so everyone can read it"
        elif originals is not versions and _is_same_bucket(originals, versions):
            yield "they are in the bucket of their versions, which everyone can read"


def _served_folder(originals: FileSystemStorage, versions: Storage) -> Path | None:
    folders: list[Any] = [settings.MEDIA_ROOT, settings.STATIC_ROOT]
    if isinstance(versions, FileSystemStorage):
        folders.append(versions.location)
    place = Path(originals.location).resolve()
    served = [Path(folder).resolve() for folder in folders if folder]
    return next((folder for folder in served if place.is_relative_to(folder)), None)


def _is_same_bucket(originals: Any, versions: Any) -> bool:
    if not is_s3(versions) or signs_urls(versions):
        return False
    names = ("endpoint_url", "bucket_name")
    return all(getattr(originals, name) == getattr(versions, name) for name in names)


def _public(reason: str) -> checks.CheckMessage:
    return checks.Warning(
        "Anyone who sees a version can fetch its original, which may contain the location of the "
        f"camera: {reason}.",
        hint=_HINT,
        obj="POLYIMAGES",
        id="polyimages.W026",
    )


def _unknown(alias: str) -> checks.CheckMessage:
    known = ", ".join(repr(name) for name in storages.backends)
    return checks.Error(
        f'POLYIMAGES["ORIGINAL_STORAGE"] is {alias!r}, an alias that STORAGES does not have.',
        hint=f"Add {alias!r} to STORAGES, or choose one of {known}.",
        obj="POLYIMAGES",
        id="polyimages.E033",
    )


def _not_its_own(alias: str) -> checks.CheckMessage:
    return checks.Error(
        f'POLYIMAGES["ORIGINAL_STORAGE"] is {alias!r}, whose files have public URLs.',
        hint="Name a storage that contains nothing else, or leave ORIGINAL_STORAGE out.",
        obj="POLYIMAGES",
        id="polyimages.E034",
    )


def _unusable(alias: str, error: Exception) -> checks.CheckMessage:
    return checks.Error(
        f"The storage {alias!r} for originals cannot be created: {error}",
        hint=f'Correct STORAGES[{alias!r}]. S3 needs pip install "django-polyimages[s3]".',
        obj=f"STORAGES[{alias!r}]",
        id="polyimages.E035",
    )
