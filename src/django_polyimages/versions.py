"""The record of a version in the row of its image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS
from django_polyimages.storage import get_storage
from django_polyimages.storage.signing import url_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A stored file that was derived from an original."""

    key: str
    """The name of the file in its storage."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    byte_size: int
    digest: str
    """The digest of the spec it was generated from."""
    media_type: str
    """Such as ``image/webp``."""

    @property
    def url(self) -> str:
        """The URL, computed from the key without a storage call or a query."""
        return url_of(get_storage(), self.key)


def to_json(versions: Mapping[str, Version]) -> dict[str, dict[str, Any]]:
    """The JSON for the database: key, width, height, bytes, digest and media type by name."""
    return {
        name: {
            "key": version.key,
            "width": version.width,
            "height": version.height,
            "bytes": version.byte_size,
            "digest": version.digest,
            "media_type": version.media_type,
        }
        for name, version in versions.items()
    }


def from_json(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Version]:
    """The inverse of ``to_json``, in the order of the setting, as databases keep no order."""
    wanted = get_settings().version_names
    names = [*(name for name in wanted if name in records), *sorted(records.keys() - set(wanted))]
    return {
        name: Version(
            key=record["key"],
            width=record["width"],
            height=record["height"],
            byte_size=record["bytes"],
            digest=record["digest"],
            media_type=record.get("media_type") or _media_type_of(record["key"]),
        )
        for name, record in ((name, records[name]) for name in names)
    }


def _media_type_of(key: str) -> str:
    """The media type of a record without one, as in older rows of a host's own image model."""
    extension = key.rpartition(".")[2]
    known = {known.extension: known.media_type for known in FORMATS.values()}
    return known.get(extension, "application/octet-stream")
