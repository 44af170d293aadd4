"""What a row records of each version that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django_polyimages.conf import get_settings
from django_polyimages.storage import get_storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A file that was derived from an original and is in the storage."""

    key: str
    """The name of the file in its storage."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    byte_size: int
    digest: str
    """The digest of the spec it was made by."""

    @property
    def url(self) -> str:
        """Computed from the key: neither the storage nor the database is asked."""
        return get_storage().url(self.key)


def to_json(versions: Mapping[str, Version]) -> dict[str, dict[str, Any]]:
    """The form in the database: name to key, width, height, bytes and digest."""
    return {
        name: {
            "key": version.key,
            "width": version.width,
            "height": version.height,
            "bytes": version.byte_size,
            "digest": version.digest,
        }
        for name, version in versions.items()
    }


def from_json(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Version]:
    """The inverse of ``to_json``, in the order of the setting: databases keep none."""
    wanted = get_settings().version_names
    names = [*(name for name in wanted if name in records), *sorted(records.keys() - set(wanted))]
    return {
        name: Version(
            key=record["key"],
            width=record["width"],
            height=record["height"],
            byte_size=record["bytes"],
            digest=record["digest"],
        )
        for name, record in ((name, records[name]) for name in names)
    }
