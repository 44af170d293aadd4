"""The files of the storage and those of the table, in a temporary database that compares them.

A merge of two sorted lists would need an order that every database and every storage agrees on, and
the local disk has none. The temporary file needs about 200 bytes for each stored file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from django_polyimages.storage.listing import StoredFile


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file as the row of its image records it."""

    key: str
    image: str
    """The primary key of the image."""
    byte_size: int
    version: str
    """The name of the version; empty for an original."""


class Inventory:
    """A context manager. First add all files, then compare."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a temporary file, which SQLite deletes
        self._database.executescript(
            """
            CREATE TABLE stored (key TEXT NOT NULL, byte_size INTEGER, modified REAL);
            CREATE TABLE recorded (key TEXT NOT NULL, image TEXT, byte_size INTEGER, version TEXT);
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
        rows = ((one.key, one.byte_size, one.modified.timestamp()) for one in files)
        self._database.executemany("INSERT INTO stored VALUES (?, ?, ?)", rows)

    def add_recorded(self, files: Iterable[RecordedFile]) -> None:
        rows = ((one.key, one.image, one.byte_size, one.version) for one in files)
        self._database.executemany("INSERT INTO recorded VALUES (?, ?, ?, ?)", rows)

    def compare(self) -> None:
        """Prepare the comparisons below; call it after the last file."""
        self._database.executescript(
            """
            CREATE INDEX stored_key ON stored (key);
            CREATE INDEX recorded_key ON recorded (key);
            """
        )

    def counts(self) -> tuple[int, int]:
        """How many files are stored, and how many are recorded."""
        stored, recorded = (
            self._database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("stored", "recorded")
        )
        return stored, recorded

    def unrecorded(self, *, before: datetime) -> Iterator[StoredFile]:
        """Files in the storage that no row records, if they are older than ``before``."""
        yield from (
            StoredFile(key, size, datetime.fromtimestamp(modified, before.tzinfo))
            for key, size, modified in self._database.execute(
                "SELECT key, byte_size, modified FROM stored WHERE modified < ? "
                "AND key NOT IN (SELECT key FROM recorded) ORDER BY key",
                [before.timestamp()],
            )
        )

    def missing(self) -> Iterator[RecordedFile]:
        """Recorded files that are not in the storage."""
        yield from self._recorded(
            "SELECT * FROM recorded WHERE key NOT IN (SELECT key FROM stored) ORDER BY key"
        )

    def of_wrong_size(self) -> Iterator[tuple[RecordedFile, int]]:
        """Recorded files of another size than the stored one, with the size in the storage."""
        found = self._database.execute(
            "SELECT recorded.*, stored.byte_size FROM recorded JOIN stored USING (key) "
            "WHERE recorded.byte_size <> stored.byte_size ORDER BY key"
        )
        yield from ((RecordedFile(*row[:4]), row[4]) for row in found)

    def shared(self) -> Iterator[RecordedFile]:
        """Files that several rows record, once for each row."""
        yield from self._recorded(
            "SELECT * FROM recorded WHERE key IN (SELECT key FROM recorded GROUP BY key "
            "HAVING COUNT(DISTINCT image) > 1) ORDER BY key, image"
        )

    def _recorded(self, query: str) -> Iterator[RecordedFile]:
        yield from (RecordedFile(*row) for row in self._database.execute(query))
