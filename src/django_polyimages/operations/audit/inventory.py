"""The files of the storages and those of the tables, in a temporary database that compares them.

A merge of two sorted lists would need an order that every database and every storage agrees on, and
the local disk has none. The temporary file needs about 400 bytes for each stored file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Self

from django_polyimages.storage.listing import StoredFile


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file as the row of its image records it."""

    key: str
    model: str
    """The label of the image's model."""
    image: str
    """The primary key of the image."""
    byte_size: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """An image that has to be looked at."""

    model: str
    image: str
    keys: frozenset[str]
    """The files that are missing or of another size. Without any, the row itself is in doubt."""


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that several rows record."""

    key: str
    rows: int
    first: tuple[str, str]
    """Model and primary key of one of the rows."""
    last: tuple[str, str]
    """Those of another one."""


class Inventory:
    """A context manager. First add all files, then compare."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a temporary file, which SQLite deletes
        self._database.executescript(
            """
            PRAGMA journal_mode = OFF;
            CREATE TABLE stored (key TEXT NOT NULL, byte_size INTEGER, modified REAL);
            CREATE TABLE recorded (key TEXT NOT NULL, model TEXT, image TEXT, byte_size INTEGER);
            CREATE TABLE spared (key TEXT NOT NULL);
            CREATE TABLE suspected (model TEXT, image TEXT);
            """
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._database.close()

    def add_stored(self, files: Iterable[StoredFile]) -> None:
        """Files in one of the storages."""
        rows = ((one.key, one.byte_size, one.modified.timestamp()) for one in files)
        self._database.executemany("INSERT INTO stored VALUES (?, ?, ?)", rows)

    def add_recorded(self, files: Iterable[RecordedFile]) -> None:
        """Files that have to be in a storage."""
        rows = ((one.key, one.model, one.image, one.byte_size) for one in files)
        self._database.executemany("INSERT INTO recorded VALUES (?, ?, ?, ?)", rows)

    def add_spared(self, keys: Iterable[str]) -> None:
        """Files that may be in a storage."""
        rows = ((key,) for key in keys)
        self._database.executemany("INSERT INTO spared VALUES (?)", rows)

    def add_suspected(self, model: str, images: Iterable[str]) -> None:
        """Images whose row says that something is wrong."""
        rows = ((model, image) for image in images)
        self._database.executemany("INSERT INTO suspected VALUES (?, ?)", rows)

    @property
    def stored(self) -> int:
        """How many files of storages were added."""
        return self._count("stored")

    @property
    def recorded(self) -> int:
        """How many files of rows were added."""
        return self._count("recorded")

    def _count(self, table: str) -> int:
        [[number]] = self._database.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        return int(number)

    def compare(self) -> None:
        """Prepare the comparisons below; call it after the last file."""
        # Sorting once is faster than a table that is kept in order: keys come in any order.
        self._database.executescript(
            """
            CREATE INDEX stored_key ON stored (key, byte_size);
            CREATE INDEX recorded_key ON recorded (key, model, image);
            CREATE INDEX spared_key ON spared (key);
            """
        )

    def unrecorded(self, *, before: datetime) -> Iterator[str]:
        """The keys of files that no row records, if they are older than ``before``."""
        found = self._database.execute(
            """
            SELECT key FROM stored
            WHERE NOT EXISTS (SELECT 1 FROM recorded WHERE recorded.key = stored.key)
            AND NOT EXISTS (SELECT 1 FROM spared WHERE spared.key = stored.key)
            GROUP BY key HAVING MAX(modified) < ?
            """,
            [before.timestamp()],
        )
        yield from (key for [key] in found)

    def doubts(self) -> Iterator[Doubt]:
        """The images that are suspected, or of which no storage has a file in the right size."""
        found = self._database.execute(
            """
            SELECT model, image, key FROM recorded
            WHERE NOT EXISTS (
                SELECT 1 FROM stored
                WHERE stored.key = recorded.key AND stored.byte_size = recorded.byte_size
            )
            UNION ALL SELECT model, image, NULL FROM suspected
            ORDER BY model, image
            """
        )
        for (model, image), rows in groupby(found, key=itemgetter(0, 1)):
            yield Doubt(model, image, frozenset(row[2] for row in rows if row[2] is not None))

    def shared(self) -> Iterator[SharedFile]:
        """Files that several rows record."""
        found = self._database.execute(
            """
            SELECT key, COUNT(*), MIN(model || ' ' || image), MAX(model || ' ' || image)
            FROM (SELECT DISTINCT key, model, image FROM recorded)
            GROUP BY key HAVING COUNT(*) > 1
            """
        )
        for key, rows, first, last in found:
            yield SharedFile(key, rows, _row(first), _row(last))


def _row(text: str) -> tuple[str, str]:
    model, _space, image = text.partition(" ")
    return model, image
