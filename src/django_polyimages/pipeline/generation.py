"""The versions of one original: decoded once, then scaled and encoded in threads.

The threads only report what they have done; the thread that called ``generate`` is the only one
that collects it, so nothing is shared between them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from django.core.files.base import File

from django_polyimages.pipeline import threads
from django_polyimages.pixels.inspection import Facts
from django_polyimages.pixels.placeholders import Placeholder, placeholder_of
from django_polyimages.pixels.scaling import Plan, decode, encode, plan, prepare, render
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Decoded:
    """Every pixel of the original could be read; its file is not needed any more."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a version, or of several whose specs ask for the same bytes."""

    specs: Sequence[VersionSpec]
    size: tuple[int, int]
    """Width and height in pixels."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more follows."""

    placeholder: Placeholder
    failure: BaseException | None
    """Why anything is missing: the original's damage, or the first version that failed."""


Event = Decoded | Encoded | Finished


def generate(
    file: File[bytes],
    facts: Facts,
    specs: Sequence[VersionSpec],
    focal_point: FocalPoint = CENTRE,
) -> Generator[Event, None, None]:
    """What happens to ``file`` on its way to versions, as it happens: at last ``Finished``.

    Raises nothing for a damaged file; ``Decoded`` is missing then, and ``Finished`` says why. Where
    the caller stops early, this waits until no thread works on the file any more.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    work = threads.submit("slots", _generate, file, plan(facts, specs, focal_point), events.put)
    work.add_done_callback(lambda done: _report_end(done, events.put))
    try:
        while not isinstance(event := events.get(), Finished):
            yield event
        yield event
    finally:
        if not work.cancel():
            wait([work])


def _generate(file: File[bytes], plan: Plan, report: Callable[[Event], None]) -> Finished:
    picture = decode(file, plan)
    report(Decoded())
    smallest = picture = prepare(picture, plan)
    encodings: list[Future[None]] = []
    try:
        for group, scaled in render(picture, plan):
            # Pillow keeps the options of save() on the image, so each encoder gets its own copy.
            encodings.append(threads.submit("encoders", _encode, scaled.copy(), group, report))
            smallest = scaled if group[0].mode == "fit" else smallest  # a whole picture
        placeholder = placeholder_of(smallest)
    finally:
        wait(encodings)  # before the slot is free again: pictures are what takes memory
    failures = [error for encoding in encodings if (error := encoding.exception())]
    return Finished(placeholder, failures[0] if failures else None)


def _encode(
    picture: Image.Image, specs: Sequence[VersionSpec], report: Callable[[Event], None]
) -> None:
    report(Encoded(specs, picture.size, encode(picture, specs[0])))


def _report_end(work: Future[Finished], report: Callable[[Event], None]) -> None:
    if not work.cancelled():
        failure = work.exception()
        report(Finished(Placeholder(), failure) if failure else work.result())
