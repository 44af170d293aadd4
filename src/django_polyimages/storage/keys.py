"""The keys of versions: beside their original, and never used twice."""

from __future__ import annotations

import secrets

from django_polyimages.specs import VersionSpec


def version_key(key: str, spec: VersionSpec, *, token: str = "") -> str:
    """The key of a version, beside its original: ``images/img_<random>_thumb.webp``.

    A version that is generated again has a ``token``, as in ``..._thumb-3fa2c1.webp``: no key is
    written twice, so caches may keep every file for ever and a late worker cannot overwrite a newer
    result.
    """
    ending = f"-{token}" if token else ""
    return f"{key.rpartition('.')[0]}{spec.suffix}{ending}.{spec.extension}"


def new_token() -> str:
    """Six random hex digits.

    Not a digest of the content: the same content may be generated twice, and each time the files
    that it replaces are deleted.
    """
    return secrets.token_hex(3)
