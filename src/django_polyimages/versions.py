"""The record of a version in the row of its image."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn, cast

from django_polyimages.conf import get_settings
from django_polyimages.formats import FORMATS
from django_polyimages.storage import get_storage
from django_polyimages.storage.signing import expiry_of, url_of


class Version(dict[str, Any]):
    """A stored file that was derived from an original.

    It is the JSON object that the row records, because what turns models into JSON (serializers,
    exports, ``JsonResponse``) reads attributes of the model and accepts nothing but a ``dict``.
    """

    def __init__(
        self, *, key: str, width: int, height: int, byte_size: int, digest: str, media_type: str
    ) -> None:
        super().__init__(
            key=key,
            width=width,
            height=height,
            bytes=byte_size,
            digest=digest,
            media_type=media_type,
        )

    @property
    def key(self) -> str:
        """The name of the file in its storage."""
        return cast("str", self["key"])

    @property
    def width(self) -> int:
        """In pixels."""
        return cast("int", self["width"])

    @property
    def height(self) -> int:
        """In pixels."""
        return cast("int", self["height"])

    @property
    def byte_size(self) -> int:
        """Called ``bytes`` in the record."""
        return cast("int", self["bytes"])

    @property
    def digest(self) -> str:
        """The digest of the spec it was generated from."""
        return cast("str", self["digest"])

    @property
    def media_type(self) -> str:
        """Such as ``image/webp``."""
        return cast("str", self["media_type"])

    @property
    def url(self) -> str:
        """The URL, computed from the key without a storage call or a query."""
        return url_of(get_storage(), self["key"])

    @property
    def url_expires_at(self) -> datetime | None:
        """Until when a URL that is signed now is valid; None where URLs are not signed."""
        return expiry_of(self.url)


class Versions(dict[str, Version]):
    """``image.versions``: the versions by name, in the order of the setting."""

    def __missing__(self, name: object) -> NoReturn:
        specs = get_settings().version_names
        hint = (
            "It has a spec but was not generated: image.failure_reason may say why, and "
            "Image.objects.regenerate(image) tries again."
            if name in specs
            else 'For another one, add a VersionSpec to POLYIMAGES["VERSIONS"] and regenerate.'
        )
        there = ", ".join(self) or "none"
        raise KeyError(f"There is no version {name!r}. This image has: {there}. {hint}")


def from_json(records: Mapping[str, Mapping[str, Any]]) -> Versions:
    """The versions that a row records, in the order of the setting, as databases keep no order."""
    found = Versions()
    for name in get_settings().version_names:
        if name in records:
            found[name] = _version(records[name])
    if len(found) < len(records):
        for name in sorted(records.keys() - found.keys()):
            found[name] = _version(records[name])
    return found


def _version(record: Mapping[str, Any]) -> Version:
    if isinstance(record, Version):
        return record
    version = Version.__new__(Version)  # lists make hundreds, and keywords take half of the time
    for name in ("key", "width", "height", "bytes", "digest"):
        version[name] = record[name]
    version["media_type"] = record.get("media_type") or _media_type_of(record["key"])
    return version


def _media_type_of(key: str) -> str:
    """The media type of a record without one, as in older rows of a host's own image model."""
    extension = key.rpartition(".")[2]
    known = {known.extension: known.media_type for known in FORMATS.values()}
    return known.get(extension, "application/octet-stream")
