"""The keys of versions, which are next to their original and never used twice."""

from __future__ import annotations

import re
import secrets

from django_polyimages.formats import FORMATS
from django_polyimages.specs import VersionSpec

_ORIGINAL = re.compile(r"(?:.*/)?img_[0-9a-f]{32}\.[a-z]+")
_OWN = re.compile(r"(img_[0-9a-f]{32})(?:(?:_[a-z0-9]+)+(?:-[0-9a-f]{6})?)?\.[a-z]+")
# Storages of Django add an underscore and seven characters to a key that is taken.
_INCOMING = re.compile(r"(?:.*/)?[\w.-]+-incoming/[0-9a-f]{32}(?:_[A-Za-z0-9]{7})?", re.ASCII)
_EXTENSIONS = (*(known.extension for known in FORMATS.values()), "bin")


def is_original(key: str) -> bool:
    """Whether this is the key of an original, as ``generate_upload_filename()`` makes them."""
    return _ORIGINAL.fullmatch(key) is not None


def is_incoming(key: str) -> bool:
    """Whether this is the key of a pending upload's file, as ``incoming`` makes them, or the one
    that a storage has chosen instead, because two requests have sent the file at the same time.
    """
    return _INCOMING.fullmatch(key) is not None


def version_key(key: str, spec: VersionSpec, *, token: str = "") -> str:
    """The key of a version, next to its original: ``images/img_<random>_thumb.webp``.

    A regenerated version has a ``token``, as in ``..._thumb-3fa2c1.webp``. No key is written twice,
    so caches may keep every file for ever, and a slow worker cannot overwrite a newer result.
    """
    ending = f"-{token}" if token else ""
    return f"{key.rpartition('.')[0]}{spec.suffix}{ending}.{spec.extension}"


def new_token() -> str:
    """Six random hex digits.

    A digest of the content would not do: the same content may be generated again, and a pending
    deletion of the earlier file would then hit the new one.
    """
    return secrets.token_hex(3)


def may_belong_to(key: str, prefix: str) -> list[str]:
    """The keys that the original of the file may have; none if the package did not make this key.

    Only keys directly under ``prefix`` are its own.
    """
    found = _OWN.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    return [f"{prefix}{found[1]}.{one}" for one in _EXTENSIONS] if found else []
