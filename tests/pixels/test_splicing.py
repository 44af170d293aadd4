from __future__ import annotations

import io

import pytest
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from django_polyimages.pixels.splicing import Edit, spliced

SOURCE = bytes(range(100))
EDITS = [Edit(0, 2, b"AB"), Edit(10, 10, b"new"), Edit(20, 30), Edit(30, 40), Edit(99, 100, b"Z")]
RESULT = b"AB" + SOURCE[2:10] + b"new" + SOURCE[10:20] + SOURCE[40:99] + b"Z"


def test_parts_are_replaced_added_and_left_out():
    file = spliced(ContentFile(SOURCE), EDITS)
    assert file.read() == RESULT
    assert file.size == len(RESULT)


def test_a_file_of_nothing_is_empty():
    file = spliced(ContentFile(SOURCE), [Edit(0, 100)])
    assert (file.size, file.read()) == (0, b"")


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120))))
def test_it_is_read_like_any_other_file(steps):
    file, other = spliced(ContentFile(SOURCE), EDITS), io.BytesIO(RESULT)
    for place, size in steps:
        assert file.seek(place) == other.seek(place)
        assert file.read(size) == other.read(size)
        assert file.tell() == other.tell()


@pytest.mark.parametrize(("offset", "whence"), [(5, 0), (5, 1), (-5, 2)])
def test_a_position_may_be_counted_from_anywhere(offset, whence):
    file, other = spliced(ContentFile(SOURCE), EDITS), io.BytesIO(RESULT)
    assert [file.read(7), file.seek(offset, whence), file.read()] == [
        other.read(7),
        other.seek(offset, whence),
        other.read(),
    ]


def test_no_other_way_of_reading_leads_to_the_source():
    """Storages use whatever a file offers."""
    file, buffer = spliced(ContentFile(SOURCE), EDITS), bytearray(len(RESULT))
    assert file.readinto(buffer) == len(RESULT)
    assert bytes(buffer) == RESULT
    file.seek(0)
    assert b"".join(file.readlines()) == RESULT
    assert b"".join(file.chunks(7)) == RESULT
    with pytest.raises(io.UnsupportedOperation):
        file.fileno()
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")


def test_closing_it_does_not_close_the_source():
    source = ContentFile(SOURCE)
    spliced(source, EDITS).close()
    assert not source.closed


@pytest.mark.parametrize(
    "edits",
    [[Edit(10, 20), Edit(15, 30)], [Edit(10, 20), Edit(5, 6)], [Edit(90, 101)], [Edit(9, 8)]],
)
def test_edits_out_of_order_are_an_error(edits):
    with pytest.raises(ValueError, match="out of order or outside"):
        spliced(ContentFile(SOURCE), edits)
