"""The storage of originals and versions, and the keys of new originals.

Migrations refer to ``generate_upload_filename`` and ``get_storage`` by their path, so both have to
stay in this module.
"""

from __future__ import annotations

import secrets
from typing import cast

from django.core.files.storage import Storage, storages
from django.core.signals import setting_changed
from django.utils.functional import LazyObject, empty

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS


class _AliasStorage(LazyObject):  # type: ignore[type-arg]
    """The storage of ``POLYIMAGES["STORAGE"]``, found on first use."""

    def _setup(self) -> None:
        alias = get_settings().storage
        self._wrapped: object = storages[alias if alias in storages.backends else "default"]


_storage = _AliasStorage()


def get_storage() -> Storage:
    """The storage that holds originals and versions."""
    return cast("Storage", _storage)


def generate_upload_filename(instance: object, filename: str) -> str:
    """A new key as ``images/img_<random>.<ext>``.

    The random part has 128 bits and no underscore, so it can neither be guessed nor collide with
    a version's suffix. Of ``filename`` only a known extension is used.
    """
    extension = filename.rpartition(".")[2].lower()
    if extension not in {known.extension for known in FORMATS.values()}:
        extension = "bin"
    return f"{get_settings().upload_prefix}img_{secrets.token_hex(16)}.{extension}"


def connect() -> None:
    """Let the storage connect in this thread, before several threads use it at once.

    django-storages' S3 backend makes its shared connection on the first use of ``bucket``, without
    a lock; ten threads that come first make ten of them, 150 ms of CPU each.
    """
    getattr(get_storage(), "bucket", None)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("STORAGES", "POLYIMAGES", "MEDIA_ROOT", "MEDIA_URL"):
        _storage._wrapped = empty


setting_changed.connect(_forget, dispatch_uid="django_polyimages.storage")
