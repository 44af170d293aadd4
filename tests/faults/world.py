"""Bucket and database of the campaign, prepared without the package: with boto3 and SQL."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from tests.faults.auditor import DELETIONS, IMAGES, RELATIONS, Auditor, State


@dataclass(slots=True)
class World:
    """Where the children work."""

    auditor: Auditor
    uploads: Path
    """The folder of Django's temporary files."""
    session: str
    """A session key of an editor."""
    contact: str
    """The id of an object that images are attached to."""
    answered: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each upload that has to be there, by the id of its row."""
    deleted: set[str] = field(default_factory=set)
    """The ids of images whose deletion was answered."""
    _template: dict[str, Any] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def keep_template(self, image: str) -> None:
        """Remember this image and its files, for copies."""
        self._template = self._row(image)
        keys = [self._template["file"], *(one["key"] for one in _versions(self._template).values())]
        self._contents = {key: self.auditor.read(key) for key in keys}

    def clone(self, count: int) -> list[str]:
        """Copies of the template under new keys; one in two is attached, and one is the cover.
        Returns their ids.
        """
        row, contents = self._template, self._contents
        copies = [_renamed(row, secrets.token_hex(16)) for _number in range(count)]
        self._put(
            {
                _key(key, _token(copy["file"])): content
                for copy in copies
                for key, content in contents.items()
            }
        )
        for copy in copies:
            _insert(IMAGES, copy)
        ids = [self._id_of(copy["file"]) for copy in copies]
        self._attach(ids[::2])
        self.answered |= dict.fromkeys(ids, row["sha256"])
        return ids

    def mess(self, count: int) -> None:
        """What kills leave: files without a row, deletions that are noted only, pending rows."""
        original = self._template["file"]
        keys = (_key(original, secrets.token_hex(16)) for _number in range(count))
        self._put(dict.fromkeys(keys, self._contents[original]))
        for copy in map(self._row, self.clone(count)):
            keys = [copy["file"], *(one["key"] for one in _versions(copy).values())]
            _insert(DELETIONS, _note(keys))
            _execute(f"DELETE FROM {RELATIONS} WHERE image_id = %s", copy["id"])
            _execute(f"DELETE FROM {IMAGES} WHERE id = %s", copy["id"])
            del self.answered[str(copy["id"])]
        for image in self.clone(count):
            _execute(
                f"UPDATE {IMAGES} SET status = 'pending', versions = %s WHERE id = %s", "{}", image
            )

    def sweep_uploads(self) -> tuple[int, int]:
        """Remove Django's temporary files. Returns how many there were, and their bytes."""
        left = [path for path in self.uploads.iterdir() if path.is_file()]
        size = sum(path.stat().st_size for path in left)
        for path in left:
            path.unlink()
        return len(left), size

    def wipe(self) -> None:
        """Begin anew, without rows and objects."""
        for table in (RELATIONS, IMAGES, DELETIONS):
            _execute(f"DELETE FROM {table}")
        keys = list(self.auditor.look().objects)
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            self.auditor.client.delete_objects(
                Bucket=self.auditor.bucket, Delete={"Objects": objects, "Quiet": True}
            )
        self.answered.clear()
        self.deleted.clear()
        self.sweep_uploads()

    def note(self, answer: Mapping[str, Any]) -> None:
        """Remember what an answer of 2xx has promised."""
        self.answered |= answer.get("uploaded", {})
        self.deleted |= set(answer.get("deleted", []))

    def doubt(self, images: Iterable[str]) -> None:
        """These may be deleted at any moment; nothing is promised for them any more."""
        for image in images:
            self.answered.pop(image, None)

    def broken(self, state: State, *, before: State | None, repaired: bool = False) -> list[str]:
        return self.auditor.broken(
            state,
            answered=self.answered,
            deleted=self.deleted,
            before=before,
            repaired=repaired,
        )

    def _row(self, image: str) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {IMAGES} WHERE id = %s", [image])
            names = [column[0] for column in cursor.description]
            return dict(zip(names, cursor.fetchone(), strict=True))

    def _id_of(self, key: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {IMAGES} WHERE file = %s", [key])
            return str(cursor.fetchone()[0])

    def _put(self, files: Mapping[str, bytes]) -> None:
        client, bucket = self.auditor.client, self.auditor.bucket
        with ThreadPoolExecutor(8) as threads:
            puts = [
                threads.submit(client.put_object, Bucket=bucket, Key=key, Body=content)
                for key, content in files.items()
            ]
            for put in puts:
                put.result()

    def _attach(self, images: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM django_content_type WHERE model = 'contact'")
            [model] = cursor.fetchone()
            cursor.execute(f"SELECT COUNT(*) FROM {RELATIONS} WHERE is_cover")
            [covers] = cursor.fetchone()
        texts = dict.fromkeys(["custom_title", "custom_alt_text", "custom_description"], "")
        for image in images:
            relation = {
                "image_id": image,
                "content_type_id": model,
                "object_id": self.contact,
                "is_cover": not covers,
                "order": None,
            }
            _insert(RELATIONS, relation | texts)
            covers = True


def _versions(row: Mapping[str, Any]) -> dict[str, Any]:
    value = row["versions"]
    versions: dict[str, Any] = json.loads(value) if isinstance(value, str | bytes) else value
    return versions


def _token(key: str) -> str:
    return key.partition("img_")[2][:32]


def _key(key: str, token: str) -> str:
    return key.replace(_token(key), token)


def _renamed(row: Mapping[str, Any], token: str) -> dict[str, Any]:
    versions = json.dumps(_versions(row)).replace(_token(row["file"]), token)
    copy = {**row, "file": _key(row["file"], token), "versions": versions}
    del copy["id"]
    return copy


def _note(keys: list[str]) -> dict[str, Any]:
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return {
        "id": uuid.uuid4().hex,
        "keys": json.dumps(keys),
        "original": keys[0],
        "last_error": "",
        "created_at": now,
        "attempts": 0,
        "next_attempt_at": now,
    }


def _insert(table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(map(connection.ops.quote_name, row))
    places = ", ".join(["%s"] * len(row))
    _execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())


def _execute(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
