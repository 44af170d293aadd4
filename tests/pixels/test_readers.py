from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from django_polyimages.errors import InvalidImage
from django_polyimages.pixels import readers
from django_polyimages.pixels.readers import BoundedReader, SharedFile

CONTENT = bytes(range(256)) * 40
STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 5000)),
    st.tuples(st.just("begin"), st.integers(0, 12_000)),
    st.tuples(st.just("move"), st.integers(-300, 300)),
    st.tuples(st.just("end"), st.integers(-9000, 50)),
)
WHENCE = {"begin": io.SEEK_SET, "move": io.SEEK_CUR, "end": io.SEEK_END}


def done(file, step: tuple[str, int]) -> bytes | int:
    """What ``file`` answers; a position before the first byte is the first, for both."""
    kind, number = step
    if kind == "read":
        return file.read(number)
    if kind == "move":
        number = max(number, -file.tell())
    return file.seek(number, WHENCE[kind])


class TestSharedFile:
    @given(steps=st.lists(st.tuples(st.integers(0, 1), STEPS), max_size=30))
    def test_each_reader_finds_what_it_would_find_alone(self, steps):
        lock, source = Lock(), ContentFile(CONTENT)
        shared = [SharedFile(source, lock), SharedFile(source, lock)]
        alone = [io.BytesIO(CONTENT), io.BytesIO(CONTENT)]
        for who, step in steps:
            assert done(shared[who], step) == done(alone[who], step)
            assert shared[who].tell() == alone[who].tell()

    @pytest.mark.parametrize("kind", ["memory", "disk"])
    def test_threads_that_read_at_once_get_all_bytes_in_order(self, kind):
        source = ContentFile(CONTENT)
        if kind == "disk":
            source = TemporaryUploadedFile("photo.jpg", "image/jpeg", len(CONTENT), None)
            source.write(CONTENT)
        lock = Lock()

        def read(size: int) -> bytes:
            file = SharedFile(source, lock)
            return b"".join(iter(lambda: file.read(size), b""))

        with ThreadPoolExecutor(4) as pool, source:
            assert set(pool.map(read, (7, 11, 64, 100) * 5)) == {CONTENT}

    def test_has_the_size_of_the_file(self):
        assert SharedFile(ContentFile(CONTENT), Lock()).size == len(CONTENT)


def test_a_decoder_may_read_more_often_for_the_pixels_of_a_larger_file(monkeypatch):
    monkeypatch.setattr(readers, "_READS", 2)
    reader = BoundedReader(ContentFile(CONTENT))
    assert len([reader.read(1) for _time in range(2)]) == 2
    with pytest.raises(InvalidImage, match="too many internal parts"):
        reader.read(1)
    reader.begin_pixels()
    for _time in range(2 + len(CONTENT) // 64):
        reader.read(1)
    with pytest.raises(InvalidImage, match="too many internal parts"):
        reader.read(1)
