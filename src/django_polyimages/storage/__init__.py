"""Keys, and the storage they live in.

``generate_upload_filename`` and ``get_storage`` are frozen by path in migrations: they never move.
"""

from __future__ import annotations

import secrets
from typing import cast

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.core.signals import setting_changed
from django.utils.functional import LazyObject, empty

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS
from django_polyimages.specs import VersionSpec


class _AliasStorage(LazyObject):  # type: ignore[type-arg]
    """The storage of ``POLYIMAGES["STORAGE"]``, found on first use."""

    def _setup(self) -> None:
        alias = get_settings().storage
        self._wrapped: object = storages[alias if alias in storages.backends else "default"]


_storage = _AliasStorage()


def get_storage() -> Storage:
    """The storage that holds originals and versions."""
    return cast("Storage", _storage)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("STORAGES", "POLYIMAGES", "MEDIA_ROOT", "MEDIA_URL"):
        _storage._wrapped = empty


setting_changed.connect(_forget, dispatch_uid="django_polyimages.storage")


def generate_upload_filename(instance: object, filename: str) -> str:
    """A new key as ``images/img_<random>.<ext>``.

    The random part has 128 bits and no underscore, so it can neither be guessed nor collide with
    a version's suffix. Of ``filename`` only a known extension is used.
    """
    extension = filename.rpartition(".")[2].lower()
    if extension not in {known.extension for known in FORMATS.values()}:
        extension = "bin"
    return f"{get_settings().upload_prefix}img_{secrets.token_hex(16)}.{extension}"


def version_key(key: str, spec: VersionSpec, *, token: str = "") -> str:
    """The key of a version, beside its original: ``images/img_<random>_thumb.webp``.

    One that is made again has a ``token``, as ``..._thumb-3fa2c1.webp``: no key is written twice,
    so caches may keep every file for ever and a late worker cannot overwrite a newer result.
    """
    ending = f"-{token}" if token else ""
    return f"{key.rpartition('.')[0]}{spec.suffix}{ending}.{spec.extension}"


def new_token() -> str:
    """Six random hex digits. Not a digest of what is made: the same may be made twice, and each
    time the files that it replaces are deleted.
    """
    return secrets.token_hex(3)


def open_original(key: str) -> File[bytes]:
    """An original to be read; the caller closes it."""
    return get_storage().open(key)


def save(key: str, content: File[bytes]) -> str:
    """Write one file: one PUT on S3. Returns the key that the storage chose to use."""
    content.seek(0)
    return get_storage().save(key, content)


def delete(key: str) -> None:
    """Remove one file; one that is gone already is no error."""
    get_storage().delete(key)


def prepare() -> None:
    """Let the storage connect in this thread, before several threads use it at once.

    django-storages' S3 backend makes its shared connection on the first use of ``bucket``, without
    a lock; ten threads that come first make ten of them, 150 ms of CPU each.
    """
    getattr(get_storage(), "bucket", None)
