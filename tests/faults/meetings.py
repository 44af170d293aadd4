"""Two processes meet at a point where it matters; then one of them may be killed, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.faults.auditor import State
from tests.faults.children import Child
from tests.faults.kills import Campaign, Figures, Kind

_UPLOAD = Kind("upload", 0, files=1)
_REGENERATE = Kind("regenerate", 0, images=1)
_DELETE = Kind("delete", 0, images=1)
_FOCAL_POINT = Kind("set_focal_point", 0, images=1)
_LAST_PUT = "after PUT of a version 5"


@dataclass(slots=True)
class Meeting:
    """The processes of one meeting, and the answers they have given."""

    campaign: Campaign
    stack: ExitStack
    answers: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, order: dict[str, Any], *, hold_at: str) -> Child:
        """A process that waits at this point."""
        child = self.stack.enter_context(self.campaign.child())
        child.pipe.send(order | {"hold_at": hold_at})
        held = child.pipe.receive()
        assert held == {"held": True}, f"{order['action']} is not held at {hold_at}: {held}"
        return child

    def go_on(self, child: Child, *, kill_after: float | None = None) -> None:
        """Let it go on to its end, or kill it after some seconds."""
        child.pipe.send({})
        if kill_after is not None:
            time.sleep(kill_after)
            child.kill()
        self._end(child)

    def run(self, order: dict[str, Any]) -> None:
        """A process that is not disturbed."""
        with self.campaign.child() as child:
            child.pipe.send(order)
            self._end(child)

    def _end(self, child: Child) -> None:
        if (answer := child.pipe.receive()) is not None:
            self.answers.append(answer)
            child.pipe.receive()


def _audit_beside_an_upload(meeting: Meeting, kill_after: float | None) -> None:
    """The files are stored and the row is not inserted; only the grace time protects them."""
    upload = meeting.begin(meeting.campaign.order(_UPLOAD), hold_at=_LAST_PUT)
    meeting.run({"action": "audit", "options": {"grace": 24 * 60 * 60}})
    meeting.go_on(upload, kill_after=kill_after)


def _upload_ends_during_an_audit(meeting: Meeting, kill_after: float | None) -> None:
    """The audit has read the table when the row is inserted; without a grace time it has to look
    again.
    """
    upload = meeting.begin(meeting.campaign.order(_UPLOAD), hold_at=_LAST_PUT)
    audit = meeting.begin({"action": "audit"}, hold_at="after SELECT filedeletion 1")
    meeting.go_on(upload)
    meeting.go_on(audit, kill_after=kill_after)


def _regenerate_beside_regenerate(meeting: Meeting, kill_after: float | None) -> None:
    """The first has stored its files when the second one records its own."""
    order = meeting.campaign.order(_REGENERATE)
    first = meeting.begin(order, hold_at=_LAST_PUT)
    meeting.run(order)
    meeting.go_on(first, kill_after=kill_after)


def _focal_point_beside_regenerate(meeting: Meeting, kill_after: float | None) -> None:
    order = meeting.campaign.order(_REGENERATE)
    first = meeting.begin(order, hold_at=_LAST_PUT)
    meeting.run(order | {"action": "set_focal_point"})
    meeting.go_on(first, kill_after=kill_after)


def _delete_beside_regenerate(meeting: Meeting, kill_after: float | None) -> None:
    order = meeting.campaign.order(_DELETE)
    meeting.campaign.world.doubt(order["images"])
    first = meeting.begin(order | {"action": "regenerate"}, hold_at=_LAST_PUT)
    meeting.run(order)
    meeting.go_on(first, kill_after=kill_after)


def _audit_beside_regenerate(meeting: Meeting, kill_after: float | None) -> None:
    """The new versions are stored and not recorded."""
    first = meeting.begin(meeting.campaign.order(_REGENERATE), hold_at=_LAST_PUT)
    meeting.run({"action": "audit", "options": {"grace": 24 * 60 * 60}})
    meeting.go_on(first, kill_after=kill_after)


MEETINGS: dict[str, Callable[[Meeting, float | None], None]] = {
    "audit beside an upload": _audit_beside_an_upload,
    "upload ends during an audit": _upload_ends_during_an_audit,
    "regenerate twice at once": _regenerate_beside_regenerate,
    "focal point beside regenerate": _focal_point_beside_regenerate,
    "delete beside regenerate": _delete_beside_regenerate,
    "audit beside regenerate": _audit_beside_regenerate,
}
_LONGEST = 0.1
"""Seconds from the point to the end of the process, about."""


def meet(campaign: Campaign, name: str, times: int) -> Figures:
    """Let the two meet so many times; every other time, one of them is killed."""
    begun = time.monotonic()
    figures = campaign.figures_of(name)
    campaign.world.clone(4)
    for number in range(times):
        kill_after = campaign.random.uniform(0, _LONGEST) if number % 2 else None
        before = campaign.world.auditor.look()
        with ExitStack() as stack:
            meeting = Meeting(campaign, stack)
            MEETINGS[name](meeting, kill_after)
        figures.meetings += 1
        figures.at_random += kill_after is not None
        _check(campaign, figures, before, meeting.answers, kill_after)
    campaign.repair(figures)
    figures.seconds = time.monotonic() - begun
    return figures


def _check(
    campaign: Campaign,
    figures: Figures,
    before: State,
    answers: list[dict[str, Any]],
    kill_after: float | None,
) -> None:
    where = f"{figures.action} {'' if kill_after is None else f'killed after {kill_after:.4f} s'}"
    for answer in answers:
        figures.answered += 1
        campaign.world.note(answer["answer"])
    errors = [answer["answer"]["error"] for answer in answers if "error" in answer["answer"]]
    campaign.complain(figures, where, [f"I2: {error}" for error in errors])
    last = {"answer": {}}
    if kill_after is None:
        campaign.finished(figures, where, before, last)
    else:
        campaign.check(figures, where, before, last)
