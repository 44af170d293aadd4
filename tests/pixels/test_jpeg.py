from __future__ import annotations

import pytest
from django.core.files.base import ContentFile

from django_polyimages.pixels import jpeg
from tests import attacks


def places_of(content: bytes) -> list[tuple[int, int]]:
    """The marker and the place behind it of each one, from the beginning of the file."""
    file = ContentFile(content)
    return [(marker, file.tell()) for marker in jpeg.markers(file)]


def test_a_marker_is_found_behind_filling_and_not_among_stuffed_bytes():
    content = b"\xff\xff\xff\xe1pixels\xff\0\xff\xd3more\xff\xd9"
    assert places_of(content) == [(0xE1, 4), (0xD9, len(content))]


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xff", b"\xff\0"])
def test_a_file_without_markers_ends(content):
    assert places_of(content) == []


def test_a_marker_is_found_wherever_chunks_are_cut(monkeypatch):
    content = attacks.scan_bomb(101, 256, 256)
    wanted = places_of(content)
    assert len(wanted) > 101
    for size in range(60, 80):
        monkeypatch.setattr(jpeg, "_CHUNK", size)
        assert places_of(content) == wanted
