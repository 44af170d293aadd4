"""The storages of originals and versions, and the keys of new originals.

Migrations refer to ``generate_upload_filename`` and ``get_storage`` by their path, so both have to
stay in this module.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from typing import cast

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.core.signals import setting_changed
from django.utils.functional import LazyObject, empty

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS
from django_polyimages.storage.keys import is_incoming, is_original
from django_polyimages.storage.s3 import signs_urls


class _AliasStorage(LazyObject):  # type: ignore[type-arg]
    """The storage of ``POLYIMAGES["STORAGE"]``, looked up on first use."""

    def _setup(self) -> None:
        alias = get_settings().storage
        self._wrapped: object = storages[alias if alias in storages.backends else "default"]


class _OriginalStorage(LazyObject):  # type: ignore[type-arg]
    """The storage of ``POLYIMAGES["ORIGINAL_STORAGE"]``; never another one, which may be public."""

    def _setup(self) -> None:
        self._wrapped: object = storages[str(get_settings().original_storage)]


_storage = _AliasStorage()
_original_storage = _OriginalStorage()
_connecting = threading.Lock()


def get_storage() -> Storage:
    """The storage of versions, and of originals too unless ``ORIGINAL_STORAGE`` is set."""
    return cast("Storage", _storage)


def get_original_storage() -> Storage:
    """The storage of originals: that of ``ORIGINAL_STORAGE``, or else that of the versions."""
    if get_settings().original_storage is None:
        return get_storage()
    return cast("Storage", _original_storage)


def storage_of(key: str) -> Storage:
    """The storage of a file with this key: an original's, a version's or a pending upload's.

    An original whose key the package has not generated, in a row that a host has inserted, counts
    as a version.
    """
    if get_settings().original_storage is None:
        return get_storage()
    private = is_original(key) or is_incoming(key)
    return get_original_storage() if private else get_storage()


def open_original(key: str) -> File[bytes]:
    """The original, opened; also one that ``polyimages_move_originals`` has not moved yet.

    That command deletes the old file after it has compared the new one, which may be incomplete
    before. So the old place is asked first. Raises ``FileNotFoundError`` if there is none.
    """
    if storage_of(key) is not get_storage():
        with suppress(FileNotFoundError):
            return get_storage().open(key)
    return storage_of(key).open(key)


def needs_view(key: str) -> bool:
    """Whether an original has no URL of its own storage: it is private and signs none."""
    if get_settings().original_storage is None:
        return False
    backend = storage_of(key)
    return backend is not get_storage() and not signs_urls(backend)


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
    """Connect to the storages, unless that is done.

    The S3 backend of django-storages creates its connection on the first use of ``bucket``, without
    a lock: ten threads would create ten connections, each with 100 ms of CPU time and more.
    """
    with _connecting:
        getattr(get_storage(), "bucket", None)
        if get_settings().original_storage is not None:
            getattr(get_original_storage(), "bucket", None)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in ("STORAGES", "POLYIMAGES", "MEDIA_ROOT", "MEDIA_URL"):
        _storage._wrapped = empty
        _original_storage._wrapped = empty


setting_changed.connect(_forget, dispatch_uid="django_polyimages.storage")


def _forget_lock() -> None:
    """A forked process has no thread that would release it."""
    global _connecting
    _connecting = threading.Lock()


os.register_at_fork(after_in_child=_forget_lock)
