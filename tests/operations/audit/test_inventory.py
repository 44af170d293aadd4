from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from django_polyimages.operations.audit.inventory import Doubt, Inventory, RecordedFile, SharedFile
from django_polyimages.storage.listing import StoredFile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with Inventory() as inventory:
        yield inventory


def stored(key: str, size: int = 1, age: timedelta = HOUR) -> StoredFile:
    return StoredFile(key, size, NOW - age)


def recorded(key: str, image: str = "1", size: int = 1) -> RecordedFile:
    return RecordedFile(key, "polyimages.Image", image, size)


def test_old_files_that_nobody_records_or_deletes_are_named(inventory):
    inventory.add_stored([stored("a"), stored("b"), stored("c"), stored("young", age=-HOUR)])
    inventory.add_recorded([recorded("a")])
    inventory.add_spared(["b"])
    inventory.compare()
    assert list(inventory.unrecorded(before=NOW)) == ["c"]


def test_a_file_in_two_storages_is_named_once_and_as_young_as_the_younger_one(inventory):
    inventory.add_stored([stored("a"), stored("a"), stored("b"), stored("b", age=-HOUR)])
    inventory.compare()
    assert list(inventory.unrecorded(before=NOW)) == ["a"]


def test_an_image_is_in_doubt_once_with_all_its_files_that_are_not_as_recorded(inventory):
    inventory.add_stored([stored("right"), stored("large", size=2)])
    inventory.add_recorded(
        [recorded("right"), recorded("large"), recorded("gone"), recorded("right", "2")]
    )
    inventory.add_suspected("polyimages.Image", ["1", "3"])
    inventory.compare()
    assert list(inventory.doubts()) == [
        Doubt("polyimages.Image", "1", frozenset(["large", "gone"])),
        Doubt("polyimages.Image", "3", frozenset()),
    ]


def test_one_right_copy_is_enough(inventory):
    inventory.add_stored([stored("a", size=2), stored("a", size=1)])
    inventory.add_recorded([recorded("a")])
    inventory.compare()
    assert list(inventory.doubts()) == []


def test_files_of_several_rows_are_shared(inventory):
    inventory.add_recorded([recorded("a"), recorded("a", "2"), recorded("b"), recorded("b")])
    inventory.compare()
    first, last = ("polyimages.Image", "1"), ("polyimages.Image", "2")
    assert list(inventory.shared()) == [SharedFile("a", 2, first, last)]


def test_files_are_counted(inventory):
    inventory.add_stored([stored("a"), stored("b")])
    inventory.add_recorded([recorded("a")])
    assert (inventory.stored, inventory.recorded) == (2, 1)
