"""Versions on their way: decode, scale, encode and store, in the threads of the threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from django.core.files.base import ContentFile, File
from PIL import Image

from django_polyimages import storage
from django_polyimages.pipeline import threads
from django_polyimages.pixels.inspection import Facts
from django_polyimages.pixels.placeholders import Preview, preview_of
from django_polyimages.pixels.scaling import decode, encode, prepare, render
from django_polyimages.specs import FocalPoint, VersionSpec
from django_polyimages.versions import Version


@dataclass(slots=True, kw_only=True)
class Making:
    """The versions of one original, and all that was begun for them in other threads."""

    file: File[bytes]
    facts: Facts
    specs: Sequence[VersionSpec]
    focal_point: FocalPoint
    key_of: Callable[[VersionSpec], str]
    """The key of a version that is to be stored: one that was never used before."""
    original_key: str = ""
    """Where the original is to be stored too, beside the work on its versions."""
    preview: Preview = field(default_factory=Preview)
    _work: Future[None] | None = None
    _encodings: list[Future[list[_Made]]] = field(default_factory=list)
    _puts: dict[str, Future[str]] = field(default_factory=dict)

    def run(self) -> BaseException | None:
        """Start everything and wait for it; the slow work waits for a slot.

        Returns what ended the work on the pixels; single versions may have failed beside that.
        """
        storage.prepare()
        self._work = threads.submit("slots", self._make)
        failure = self._work.exception()
        self.settle()
        return failure

    def settle(self) -> None:
        """Wait until nothing of it runs any more, also where the caller was interrupted."""
        if self._work and not self._work.cancel():
            wait([self._work])
        wait(self._encodings)  # these begin PUTs
        wait(self._puts.values())

    @property
    def began_writing(self) -> bool:
        """Whether anything was, or may have been, written."""
        return bool(self._puts)

    def written_keys(self) -> list[str]:
        """The keys of all that may be in the storage, also of what failed: its answer may be
        what was lost.
        """
        return [key if put.exception() else put.result() for key, put in self._puts.items()]

    def original(self) -> Future[str]:
        """The PUT of the original."""
        return self._puts[self.original_key]

    def versions(self) -> tuple[dict[str, Version], BaseException | None]:
        """What is in the storage, by name in the order of the specs, and why others are not."""
        failure: BaseException | None = None
        made: dict[str, Version] = {}
        for encoding in self._encodings:
            failure = failure or encoding.exception()
            for one in [] if encoding.exception() else encoding.result():
                put = self._puts[one.key]
                failure = failure or put.exception()
                if not put.exception():
                    made[one.spec.name] = self._version(one, put.result())
        return {spec.name: made[spec.name] for spec in self.specs if spec.name in made}, failure

    def _make(self) -> None:
        picture = decode(self.file, self.facts, self.specs)
        if self.original_key:
            self._put(self.original_key, self.file)
        smallest = picture = prepare(picture, self.facts, self.specs)
        for specs, scaled in render(picture, self.facts, self.specs, self.focal_point):
            self._encodings.append(threads.submit("encoders", self._encode, scaled, specs))
            smallest = scaled if specs[0].mode == "fit" else smallest  # a whole picture
        self.preview = preview_of(smallest)
        wait(self._encodings)  # before the slot is free again: pictures are what takes memory

    def _encode(self, picture: Image.Image, specs: Sequence[VersionSpec]) -> list[_Made]:
        """One encoding for all ``specs`` that ask for the same bytes, one PUT for each."""
        content = encode(picture, specs[0])
        return [self._made(spec, picture, content) for spec in specs]

    def _made(self, spec: VersionSpec, picture: Image.Image, content: bytes) -> _Made:
        key = self.key_of(spec)
        self._put(key, ContentFile(content))
        return _Made(spec, key, picture.size, len(content))

    def _put(self, key: str, content: File[bytes]) -> None:
        self._puts[key] = threads.submit("transfers", storage.save, key, content)

    def _version(self, made: _Made, key: str) -> Version:
        return Version(
            key=key,
            width=made.size[0],
            height=made.size[1],
            byte_size=made.byte_size,
            digest=made.spec.digest_at(self.focal_point),
        )


@dataclass(frozen=True, slots=True)
class _Made:
    spec: VersionSpec
    key: str
    size: tuple[int, int]
    byte_size: int
