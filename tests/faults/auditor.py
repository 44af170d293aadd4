"""Checks the invariants with boto3, SQL and Pillow only: nothing of the package is asked.

A test or a campaign takes a ``State`` after each fault and asks what is broken in it:

* I1: every row has its original, with the recorded size and SHA-256.
* I2: every upload that was answered has a row and the original that was sent; what was answered as
  deleted stays away.
* I3: after repair, no object without a row. Before it, each file that a row has given up is either
  deleted or noted in ``FileDeletion``.
* I4: after repair, every row is ready, and every version can be decoded and has the right size.
* I5: no second cover, no image twice on an object, and the ids of objects are canonical.
* I6: what a row refers to is there, and no key is written a second time.
* I7: a row that is ready has all versions.
* I8: a second repair changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from PIL import Image

IMAGES = "polyimages_image"
RELATIONS = "polyimages_polymorphicimagerelation"
DELETIONS = "polyimages_filedeletion"
HOSTS = {"contact": "contacts_contact", "product": "catalog_product"}
"""The tables of the example project's attachable models."""
DEFAULT_BOXES = {"thumb": (160, 160), "sm": (640, 640), "md": (1024, 1024), "lg": (2048, 2048)}
"""The versions that the documentation promises, by name: the box that the whole picture fits."""


@dataclass(frozen=True, slots=True)
class Row:
    """An image as SQL reads it."""

    id: str
    key: str
    byte_size: int
    sha256: str
    width: int
    height: int
    status: str
    versions: Mapping[str, Mapping[str, Any]]

    @property
    def keys(self) -> list[str]:
        return [self.key, *(one["key"] for one in self.versions.values())]


@dataclass(frozen=True, slots=True)
class State:
    """Bucket and tables at one moment."""

    objects: Mapping[str, int]
    """The size of each object by its key."""
    written: Mapping[str, str]
    """What tells one PUT of an object from the next: its ETag and its time."""
    rows: Mapping[str, Row]
    noted: frozenset[str]
    """The keys in ``FileDeletion``."""
    relations: Collection[tuple[str, str, str, bool]]
    """Image, model, object id and whether it is the cover."""
    hosts: frozenset[tuple[str, str]]
    """Model and primary key of the objects that images can be attached to."""
    tables: str
    """A digest of all columns of all rows."""

    @property
    def referred(self) -> set[str]:
        return {key for row in self.rows.values() for key in row.keys}

    @property
    def orphans(self) -> set[str]:
        """Objects that no row refers to."""
        return self.objects.keys() - self.referred

    @property
    def unnoted(self) -> set[str]:
        """Orphans that nobody is going to delete; only an audit can find them."""
        return self.orphans - self.noted


@dataclass(slots=True)
class Auditor:
    """Reads a bucket and the tables behind ``connection``, whose raw cursors it uses."""

    client: Any
    """Of boto3, connected to the server without a proxy in between."""
    bucket: str
    connection: Any
    boxes: Mapping[str, tuple[int, int]] = field(default_factory=lambda: DEFAULT_BOXES)
    crops: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The versions that fill their box."""
    prefix: str = "images/"
    _seen: dict[tuple[str, int], tuple[str, tuple[int, int] | None]] = field(default_factory=dict)
    """SHA-256 and size in pixels of objects that were read before: no key is written twice."""

    def look(self) -> State:
        """First the bucket, then the tables: a process that was killed a moment ago may have sent a
        COMMIT that the server carries out now.
        """
        found = list(self._objects())
        images = self._read(IMAGES)
        deletions = self._read(DELETIONS)
        relations = self._read(RELATIONS)
        models = {row["id"]: row["model"] for row in self._read("django_content_type")}
        hosts = {name: self._read(table) for name, table in HOSTS.items()}
        return State(
            objects={one["Key"]: one["Size"] for one in found},
            written={one["Key"]: f"{one['ETag']} {one['LastModified']}" for one in found},
            rows={str(row["id"]): _row(row) for row in images},
            noted=frozenset(key for row in deletions for key in _json(row["keys"])),
            relations=[
                (
                    str(row["image_id"]),
                    models[row["content_type_id"]],
                    row["object_id"],
                    bool(row["is_cover"]),
                )
                for row in relations
            ],
            hosts=frozenset(
                (name, _spelled(name, row["id"])) for name in hosts for row in hosts[name]
            ),
            tables=_digest([images, deletions, relations]),
        )

    def broken(
        self,
        state: State,
        *,
        answered: Mapping[str, str] | None = None,
        deleted: Collection[str] = (),
        before: State | None = None,
        repaired: bool = False,
    ) -> list[str]:
        """The broken invariants, each with what it was seen at; an empty list is what is wanted.

        ``answered`` has the SHA-256 of each upload that got an answer of 2xx, by the id of its row;
        ``deleted`` the ids of images whose deletion did. ``before`` is the state before the action:
        what it gave up has to be noted.
        """
        found = [
            *self._originals(state),
            *self._answers(state, answered or {}, deleted),
            *_relations(state),
            *_references(state),
            *self._complete(state),
        ]
        if before is not None:
            given_up = state.unnoted & before.referred
            found += [f"I3 {key}: given up and not noted" for key in sorted(given_up)]
            both = state.written.keys() & before.written.keys()
            twice = [key for key in both if state.written[key] != before.written[key]]
            found += [f"I6 {key}: written a second time" for key in sorted(twice)]
        if repaired:
            found += [f"I3 {key}: no row" for key in sorted(state.orphans)]
            found += [f"I3 {key}: still noted" for key in sorted(state.noted)]
            found += [*self._versions(state), *_dangling(state)]
        return found

    def read(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def _originals(self, state: State) -> Iterator[str]:
        for row in state.rows.values():
            if row.key not in state.objects:
                yield f"I1 {row.key}: row {row.id} has no original"
            elif state.objects[row.key] != row.byte_size:
                yield f"I1 {row.key}: {state.objects[row.key]} bytes, and not {row.byte_size}"
            elif self._facts(state, row.key)[0] != row.sha256:
                yield f"I1 {row.key}: another SHA-256 than row {row.id} says"

    def _answers(
        self, state: State, answered: Mapping[str, str], deleted: Collection[str]
    ) -> Iterator[str]:
        for pk, sha256 in answered.items():
            row = state.rows.get(pk)
            if row is None:
                yield f"I2 {pk}: answered, and there is no row"
            elif row.key not in state.objects:
                yield f"I2 {pk}: answered, and there is no original"
            elif self._facts(state, row.key)[0] != sha256:
                yield f"I2 {pk}: another file than was sent"
        for pk in deleted:
            if pk in state.rows:
                yield f"I2 {pk}: answered as deleted, and the row is there"

    def _complete(self, state: State) -> Iterator[str]:
        for row in state.rows.values():
            lost = (self.boxes.keys() | self.crops.keys()) - row.versions.keys()
            if row.status == "ready" and lost:
                yield f"I7 {row.id}: ready without {', '.join(sorted(lost))}"

    def _versions(self, state: State) -> Iterator[str]:
        for row in state.rows.values():
            if row.status != "ready":
                yield f"I4 {row.id}: {row.status}"
            for name, version in row.versions.items():
                if version["key"] in state.objects:
                    yield from self._version(state, row, name, version)

    def _version(
        self, state: State, row: Row, name: str, version: Mapping[str, Any]
    ) -> Iterator[str]:
        key = version["key"]
        if state.objects[key] != version["bytes"]:
            yield f"I4 {key}: {state.objects[key]} bytes, and not {version['bytes']}"
        size = self._facts(state, key)[1]
        if size is None:
            yield f"I4 {key}: cannot be decoded"
        elif size != (version["width"], version["height"]):
            yield f"I4 {key}: {size} pixels, and row {row.id} says otherwise"
        else:
            wanted = self._wanted(row, name)
            if any(abs(one - other) > 1 for one, other in zip(size, wanted, strict=True)):
                yield f"I4 {key}: {size} pixels, and not {wanted}"

    def _wanted(self, row: Row, name: str) -> tuple[int, int]:
        if name in self.crops:
            box = self.crops[name]
            crop = _fit(box, (row.width, row.height), upscale=True)
            return min(box[0], crop[0]), min(box[1], crop[1])
        return _fit((row.width, row.height), self.boxes[name])

    def _facts(self, state: State, key: str) -> tuple[str, tuple[int, int] | None]:
        seen = key, state.objects[key]
        if seen not in self._seen:
            content = self.read(key)
            self._seen[seen] = hashlib.sha256(content).hexdigest(), _pixels(content)
        return self._seen[seen]

    def _objects(self) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
            yield from page.get("Contents", ())

    def _read(self, table: str) -> list[dict[str, Any]]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        id=str(row["id"]),
        key=row["file"],
        byte_size=row["byte_size"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
        status=row["status"],
        versions=_json(row["versions"]),
    )


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _digest(tables: Any) -> str:
    return hashlib.sha256(json.dumps(tables, default=str, sort_keys=True).encode()).hexdigest()


def _references(state: State) -> Iterator[str]:
    for row in state.rows.values():
        for key in row.keys:
            if key not in state.objects:
                yield f"I6 {key}: row {row.id} refers to it"


def _relations(state: State) -> Iterator[str]:
    pairs = Counter((image, model, pk) for image, model, pk, _cover in state.relations)
    yield from (f"I5 {pair}: {count} relations" for pair, count in pairs.items() if count > 1)
    covers = Counter((model, pk) for _image, model, pk, cover in state.relations if cover)
    yield from (f"I5 {host}: {count} covers" for host, count in covers.items() if count > 1)
    for image, model, pk, _cover in state.relations:
        if image not in state.rows:
            yield f"I5 {model} {pk}: a relation to image {image}, which is gone"
        if _spelled(model, pk) != pk:
            yield f"I5 {model} {pk}: not the canonical spelling"


def _dangling(state: State) -> Iterator[str]:
    for _image, model, pk, _cover in state.relations:
        if (model, pk) not in state.hosts:
            yield f"I5 {model} {pk}: a relation to an object that is not there"


def _spelled(model: str, id: object) -> str:
    """The key of a contact or a product as Python writes it; SQLite keeps a UUID as hex digits."""
    try:
        return str(int(str(id)) if model == "contact" else uuid.UUID(str(id)))
    except ValueError:
        return "no key"


def _fit(size: tuple[int, int], box: tuple[int, int], *, upscale: bool = False) -> tuple[int, int]:
    scale = min(Fraction(box[0], size[0]), Fraction(box[1], size[1]))
    if not upscale:
        scale = min(scale, Fraction(1))
    half = Fraction(1, 2)
    return max(1, floor(size[0] * scale + half)), max(1, floor(size[1] * scale + half))


def _pixels(content: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return picture.size
    except (OSError, ValueError, SyntaxError):
        return None
