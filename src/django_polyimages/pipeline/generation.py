"""The versions of one original: decoded once, then scaled and encoded in threads.

The threads only report their results. Only the thread that called ``generate`` collects them, so
the threads share nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from django.core.files.base import File

from django_polyimages.pipeline import threads
from django_polyimages.pipeline.slots import slot
from django_polyimages.pixels.inspection import Facts
from django_polyimages.pixels.placeholders import Placeholder, placeholder_of
from django_polyimages.pixels.scaling import Plan, as_image, decode, encode, plan, prepare, render
from django_polyimages.specs import CENTRE, FocalPoint, VersionSpec

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Decoded:
    """The original was decoded completely, so its file is no longer needed."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoded version, or several versions whose specs have the same result."""

    specs: Sequence[VersionSpec]
    size: tuple[int, int]
    """Width and height in pixels."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event."""

    placeholder: Placeholder
    failure: BaseException | None
    """Why versions are missing: damage of the original, or the first failed version."""


Event = Decoded | Encoded | Finished


def generate(
    file: File[bytes],
    facts: Facts,
    specs: Sequence[VersionSpec],
    focal_point: FocalPoint = CENTRE,
    *,
    owner: Hashable = None,
) -> Generator[Event, None, None]:
    """Yield events while versions of ``file`` are generated; the last one is ``Finished``.

    A damaged file raises nothing: there is no ``Decoded`` event, and ``Finished`` says why. If the
    caller stops early, this waits until no thread uses the file any more.

    ``owner`` is the primary key of the organization, each of which gets its turn. Raises ``Busy``
    if that takes too long.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    todo = plan(facts, specs, focal_point)
    with slot(owner, todo.memory):
        work = threads.submit("slots", _generate, file, todo, events.put)
        work.add_done_callback(lambda done: _report_end(done, events.put))
        try:
            while not isinstance(event := events.get(), Finished):
                yield event
        finally:
            if not work.cancel():
                wait([work])
    yield event


def _generate(file: File[bytes], plan: Plan, report: Callable[[Event], None]) -> Finished:
    each = partial(threads.shared, "encoders")
    decoded = decode(file, plan, each=each)
    report(Decoded())
    picture = prepare(decoded, plan, each=each)
    del decoded  # otherwise its memory would be held while the versions are encoded
    smallest: Image.Image | None = None
    encodings: list[Future[None]] = []
    try:
        for group, scaled in render(picture, plan, each=each):
            encodings.append(threads.submit("encoders", _encode, scaled, group, report))
            smallest = scaled if group[0].mode == "fit" else smallest  # a whole picture
        placeholder = placeholder_of(as_image(picture, each=each) if smallest is None else smallest)
    finally:
        wait(encodings)  # before the slot becomes free, since pictures need the memory
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
