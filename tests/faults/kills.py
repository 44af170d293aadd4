"""Kills processes while they work, and asks the auditor what has become of the promises."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from math import inf
from typing import Any

from tests.faults.auditor import State
from tests.faults.children import Child, Pool
from tests.faults.points import kills
from tests.faults.world import World

_TRIALS = 4
"""How often an action is carried out undisturbed, to learn its time and its points."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An action, and what it needs."""

    action: str
    share: int
    """How many of a thousand kills hit it."""
    files: int = 0
    """How many files it uploads."""
    images: int = 0
    """How many images it works on."""
    mess: int = 0
    """How much there is to repair: so many of each."""
    batch: int = 40
    """After how many kills everything is repaired and checked."""


KINDS = [
    Kind("upload", 300, files=1),
    Kind("bulk upload", 80, files=10, batch=15),
    Kind("rolled back upload", 40, files=1),
    Kind("regenerate", 120, images=1),
    Kind("set_focal_point", 80, images=1),
    Kind("delete", 140, images=1),
    Kind("bulk delete", 80, images=20, batch=15),
    Kind("deletions", 60, mess=2, batch=10),
    Kind("generate", 60, mess=2, batch=10),
    Kind("audit", 60, mess=2, batch=10),
    Kind("maintain", 40, mess=2, batch=10),
]


@dataclass(slots=True)
class Figures:
    """What the kills of an action have done."""

    action: str
    milliseconds: int = 0
    """How long it takes undisturbed."""
    at_random: int = 0
    at_points: int = 0
    points: list[str] = field(default_factory=list)
    """These points, in their order."""
    meetings: int = 0
    """How many processes met others."""
    answered: int = 0
    """How many ended before the kill, with an answer."""
    objects: int = 0
    """Left without a row and without a note: for the audit."""
    noted: int = 0
    """Left, and noted in FileDeletion."""
    rows: int = 0
    """Left pending or failed."""
    temporary: int = 0
    """Django's temporary files that were left."""
    temporary_bytes: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        return self.at_random + self.at_points

    @property
    def lost(self) -> int:
        """How many answers of 2xx were not kept."""
        return sum(line.partition(": ")[2].startswith("I2") for line in self.broken)


class Broken(Exception):
    """An invariant is broken, and that is enough."""


class TimeIsUp(Exception):
    """The campaign has taken longer than it may."""


@dataclass(slots=True)
class Campaign:
    """Kills, with the children of one pool in one world."""

    world: World
    pool: Pool
    random: random.Random
    deadline: float = inf
    """When to raise ``TimeIsUp``, as ``time.monotonic()`` counts."""
    stops_at_first: bool = False
    """Whether to raise ``Broken`` at the first broken invariant."""
    figures: list[Figures] = field(default_factory=list)
    """Of all actions so far."""
    _seed: int = 0

    def run(self, kind: Kind, *, at_random: int, at_points: int, only: str = "") -> Figures:
        """``only`` begins the names of the points to use; without ``at_points``, each once."""
        begun = time.monotonic()
        figures = self.figures_of(kind.action)
        undisturbed, points = self._learn(kind, figures)
        figures.milliseconds = round(undisturbed * 1000)
        points = [point for point in points if point.startswith(only)]
        shuffled = self.random.sample(points, len(points))
        named = list(islice(cycle(shuffled), at_points)) if at_points >= 0 else points
        moments = [self.random.uniform(0, 1.05 * undisturbed) for _number in range(at_random)]
        plan: list[str | float] = [*named, *moments]
        self.random.shuffle(plan)
        for start in range(0, len(plan), kind.batch):
            for moment in plan[start : start + kind.batch]:
                if not self._kill(kind, moment, figures):  # this time it did not pass the point
                    self._kill(kind, self.random.uniform(0, 1.05 * undisturbed), figures)
            self.repair(figures)
            self.world.wipe()
        figures.points.sort(key=points.index)
        figures.seconds = time.monotonic() - begun
        return figures

    def figures_of(self, name: str) -> Figures:
        """New figures, in a world without rows and objects."""
        figures = Figures(name)
        self.figures.append(figures)
        self.world.wipe()
        return figures

    def complain(self, figures: Figures, where: str, found: list[str]) -> None:
        figures.broken += [f"{where}: {line}" for line in found]
        if found and self.stops_at_first:
            raise Broken(figures.broken[0])

    def order(self, kind: Kind) -> dict[str, Any]:
        """An order for this kind, after preparing what it needs."""
        if time.monotonic() > self.deadline:
            raise TimeIsUp
        self._seed += kind.files + 1
        if kind.mess:
            self.world.mess(kind.mess)
        images: list[str] = []
        if kind.images:
            there = sorted(self.world.auditor.look().rows)
            if len(there) < kind.images:
                there += self.world.clone(kind.images - len(there) + 4)
            images = self.random.sample(there, kind.images)
        return {
            "action": kind.action,
            "session": self.world.session,
            "seed": self._seed,
            "files": kind.files,
            "images": images,
            "point": [round(self.random.random(), 3), round(self.random.random(), 3)],
        }

    def repair(self, figures: Figures) -> None:
        """Count what is left, repair everything, check it, and repair it again."""
        left = self._settled()
        figures.objects += len(left.unnoted)
        figures.noted += len(left.noted & left.objects.keys())
        figures.rows += sum(row.status != "ready" for row in left.rows.values())
        count, size = self.world.sweep_uploads()
        figures.temporary += count
        figures.temporary_bytes += size
        states: list[State] = []
        found: list[str] = []
        for _time in range(2):
            with self.child() as child:
                child.pipe.send({"action": "repair"})
                found += _errors(child)
            states.append(self.world.auditor.look())
        where = f"{figures.action} after repair"
        found += self.world.broken(states[0], before=None, repaired=True)
        if states[0] != states[1]:
            found.append("I8: the second repair has changed something")
        self.complain(figures, where, found)

    def child(self) -> Child:
        return self.pool.take()

    def _settled(self) -> State:
        """The state once the servers have done what killed processes had sent them."""
        before, state = None, self.world.auditor.look()
        while state != before:
            time.sleep(0.1)
            before, state = state, self.world.auditor.look()
        return state

    def _learn(self, kind: Kind, figures: Figures) -> tuple[float, list[str]]:
        """How long the action takes, and at which points it can be killed."""
        times: list[float] = []
        points: list[str] = []
        for _trial in range(_TRIALS):
            order = self.order(kind)
            before = self.world.auditor.look()
            self._doubt(order)
            with self.child() as child:
                begun = time.monotonic()
                child.pipe.send(order)
                answer = child.pipe.receive()
                times.append(time.monotonic() - begun)
                end = child.pipe.receive()
            assert end, f"{kind.action} has ended without a kill"
            points += end["points"]
            self.finished(figures, f"{kind.action} undisturbed", before, answer)
        return statistics.median(times), kills(points)

    def _kill(self, kind: Kind, moment: str | float, figures: Figures) -> bool:
        """Whether there was a kill: the process may not pass the point."""
        order = self.order(kind)
        before = self.world.auditor.look()
        self._doubt(order)
        answer = end = None
        with self.child() as child:
            if isinstance(moment, str):
                child.pipe.send(order | {"kill_at": moment})
            else:
                child.pipe.send(order)
                time.sleep(moment)
                child.kill()
            if (answer := child.pipe.receive()) is not None:
                end = child.pipe.receive()
        figures.answered += answer is not None
        if isinstance(moment, float):
            where = f"{kind.action} {moment:.4f} s"
            figures.at_random += 1
        else:
            where = f"{kind.action} {moment}"
            figures.at_points += end is None
            if end is None and moment not in figures.points:
                figures.points.append(moment)
        if end is None:
            self.check(figures, where, before, answer)
        else:
            self.finished(figures, where, before, answer)
        return isinstance(moment, float) or end is None

    def finished(
        self, figures: Figures, where: str, before: State, answer: dict[str, Any] | None
    ) -> None:
        """Check after a process that has ended by itself, which leaves nothing to anybody."""
        after = self.check(figures, where, before, answer)
        left = after.unnoted - before.unnoted
        self.complain(figures, where, [f"I3 {key}: left without a kill" for key in sorted(left)])

    def check(
        self, figures: Figures, where: str, before: State, answer: dict[str, Any] | None
    ) -> State:
        result = (answer or {}).get("answer", {})
        self.world.note(result)
        after = self.world.auditor.look()
        found = self.world.broken(after, before=before)
        if "error" in result:
            found.append(f"I2: {result['error']}")
        self.complain(figures, where, found)
        return after

    def _doubt(self, order: dict[str, Any]) -> None:
        if "delete" in order["action"]:
            self.world.doubt(order["images"])


def _errors(child: Child) -> list[str]:
    answer, end = child.pipe.receive(), child.pipe.receive()
    if answer is None or end is None or "error" in answer["answer"]:
        return [f"I8: the repair has failed: {answer}"]
    return []


def shares(kinds: list[Kind], total: int) -> Iterator[tuple[Kind, int]]:
    """How many of ``total`` kills each kind gets; at least one."""
    whole = sum(kind.share for kind in kinds)
    for kind in kinds:
        yield kind, max(round(total * kind.share / whole), 1)
