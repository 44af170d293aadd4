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
    """The storage of ``POLYIMAGES["STORAGE"]``, looked up on first use."""

    def _setup(self) -> None:
        alias = get_settings().storage
        self._wrapped: object = storages[alias if alias in storages.backends else "default"]


_storage = _AliasStorage()


def get_storage() -> Storage:
    """The storage that holds originals and versions."""
    return cast("Storage", _storage)


def generate_upload_filename(instance: object, filename: str) -> str:
    """A new key such as ``images/img_<random>.<ext>``.

    The random part has 128 bits, so it cannot be guessed, and no underscore, so it cannot be
    confused with the suffix of a version. Only a known extension of ``filename`` is used.
    """
    extension = filename.rpartition(".")[2].lower()
    if extension not in {known.extension for known in FORMATS.values()}:
        extension = "bin"
    return f"{get_settings().upload_prefix}img_{secrets.token_hex(16)}.{extension}"


def connect() -> None:
    """Let the storage connect in this thread, before several threads use it at the same time.

    The S3 backend of django-storages creates its connection on the first use of ``bucket``, without
    a lock: ten threads would create ten connections, each with 150 ms of CPU time.
    """
    getattr(get_storage(), "bucket", None)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("STORAGES", "POLYIMAGES", "MEDIA_ROOT", "MEDIA_URL"):
        _storage._wrapped = empty


setting_changed.connect(_forget, dispatch_uid="django_polyimages.storage")
