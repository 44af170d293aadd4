from __future__ import annotations

import io
import threading
import time

import pytest
from PIL import Image as PillowImage

from django_polyimages import VersionSpec
from django_polyimages.pipeline import generation, threads
from django_polyimages.pipeline.generation import Decoded, Encoded, Finished, generate
from django_polyimages.pixels import photographs, resampling
from django_polyimages.pixels.inspection import inspect
from django_polyimages.specs import DEFAULT_VERSIONS
from tests.drawing import photo, quarters, to_bytes, upload_of


def events_of(content: bytes, *specs: VersionSpec) -> list[generation.Event]:
    file = upload_of(content)
    return list(generate(file, inspect(file), specs or DEFAULT_VERSIONS))


def test_tells_of_the_original_then_of_versions_then_of_the_end():
    first, *encoded, last = events_of(photo(3000, 2000))
    assert isinstance(first, Decoded)
    assert {one.specs[0].name: one.size for one in encoded if isinstance(one, Encoded)} == {
        "thumb": (160, 107),
        "sm": (640, 427),
        "md": (1024, 683),
        "lg": (2048, 1365),
    }
    assert isinstance(last, Finished)
    assert last.failure is None
    assert last.placeholder.data_uri.startswith("data:image/webp;base64,")


def test_specs_that_ask_for_the_same_bytes_are_encoded_once():
    encoded = events_of(photo(300, 200))[1:-1]
    assert sorted([spec.name for spec in one.specs] for one in encoded) == [
        ["md", "lg"],
        ["sm"],
        ["thumb"],
    ]


def test_every_version_has_the_bytes_that_one_thread_would_have_made():
    """The oracle is Pillow alone, with a new picture for each format and quality."""
    specs = [
        VersionSpec("low", 640, 640, quality=30),
        VersionSpec("high", 640, 640, quality=90),
        VersionSpec("webp", 700, 700, quality=75),
        VersionSpec("avif", 640, 640, quality=40, format="AVIF"),
        VersionSpec("jpeg", 640, 640, quality=60, format="JPEG"),
        VersionSpec("png", 640, 640, format="PNG"),
    ]
    options = {"WEBP": {"method": 4}, "JPEG": {"optimize": True, "progressive": True}}
    source = quarters(600, 400)
    expected = {}
    for spec in specs:
        buffer = io.BytesIO()
        source.copy().save(
            buffer, spec.format, quality=spec.quality, **options.get(spec.format, {})
        )
        expected[spec.name] = buffer.getvalue()
    for _time in range(5):
        made = {
            spec.name: event.content
            for event in events_of(to_bytes(source, "PNG"), *specs)
            if isinstance(event, Encoded)
            for spec in event.specs
        }
        assert {name for name in made if made[name] != expected[name]} == set()


def test_a_damaged_original_has_an_end_only():
    content = photo(800, 600)[:-2000]
    with PillowImage.open(io.BytesIO(content)) as picture:
        assert picture.size == (800, 600)  # the header tells nothing of it
    [last] = events_of(content)
    assert isinstance(last, Finished)
    assert "damaged" in str(last.failure)


def test_a_caller_that_stops_early_waits_for_the_threads(monkeypatch):
    at_work = threading.Event()
    real = generation.encode

    def encode(*args):
        at_work.set()
        try:
            return real(*args)
        finally:
            at_work.clear()

    monkeypatch.setattr(generation, "encode", encode)
    file = upload_of(photo(1200, 900))
    events = generate(file, inspect(file), DEFAULT_VERSIONS)
    assert isinstance(next(events), Decoded)
    assert at_work.wait(5)
    events.close()
    assert not at_work.is_set()


def test_two_threads_decode_a_photograph_and_convert_its_colours(monkeypatch):
    monkeypatch.setattr(resampling, "_found", lambda: (None, ""))
    used: dict[str, set[str]] = {}

    def note(name):
        real = getattr(photographs, name)

        def noted(*args, **options):
            used.setdefault(name, set()).add(threading.current_thread().name.split("_")[0])
            time.sleep(0.05)  # long enough for the other thread to begin
            return real(*args, **options)

        monkeypatch.setattr(photographs, name, noted)

    for name in ("_loaded", "halved", "_rows"):
        note(name)
    assert events_of(photo(2500, 2000))[-1].failure is None
    both = {"polyimages-slots", "polyimages-encoders"}
    assert used == {"_loaded": both, "halved": both, "_rows": both}


def test_a_process_without_threads_to_spare_calls_no_photograph_damaged(monkeypatch):
    monkeypatch.setattr(resampling, "_found", lambda: (None, ""))
    real = threads.submit

    def submit(pool, *arguments):
        if pool == "encoders":
            raise RuntimeError("can't start new thread")
        return real(pool, *arguments)

    monkeypatch.setattr(threads, "submit", submit)
    first, last = events_of(photo(2500, 2000))
    assert isinstance(first, Decoded)
    assert isinstance(last.failure, RuntimeError)


@pytest.mark.parametrize("failing", ["render", "placeholder_of"])
def test_what_fails_beside_the_encoders_is_told_at_the_end(monkeypatch, failing):
    monkeypatch.setattr(generation, failing, lambda *args, **options: 1 / 0)
    first, *_encoded, last = events_of(photo())
    assert isinstance(first, Decoded)
    assert isinstance(last.failure, ZeroDivisionError)
