"""The results of a run: ``benchmarks/results/compare.json``, and medians of them."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.compare.candidates import ALL
from benchmarks.compare.job import RESULTS, Candidate

BUSY = 0.06
"""From here on, what other processes use makes wall times longer."""
FILE = RESULTS / "compare.json"


@dataclass(frozen=True)
class Figures:
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path = FILE) -> Figures:
        return cls(json.loads(path.read_text()))

    def write(self, path: Path = FILE) -> None:
        path.write_text(json.dumps(self.content, indent=1) + "\n")

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Those that were measured, in the usual order."""
        names = {cell["candidate"] for cell in self.content["cells"]}
        return [candidate for candidate in ALL if candidate.name in names]

    @property
    def packages(self) -> list[Candidate]:
        """Without the limits."""
        return [candidate for candidate in self.candidates if not candidate.is_limit]

    @property
    def peers(self) -> list[Candidate]:
        """Packages of others."""
        return [one for one in self.packages if not one.is_own and one.name != "by-hand"]

    @property
    def originals(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.content["originals"]
        return found

    def cells(self, candidate: str, **facts: Any) -> list[dict[str, Any]]:
        """Those with these facts, such as ``part="disk"``."""
        wanted = {"candidate": candidate, **facts}
        return [
            cell
            for cell in self.content["cells"]
            if all(cell.get(key) == value for key, value in wanted.items())
        ]

    def median(self, key: str, candidate: str, **facts: Any) -> float | None:
        """``None`` if there are no such cells. ``cold.cpu`` is a value within another one."""
        values = []
        for cell in self.cells(candidate, **facts):
            value: Any = cell
            for part in key.split("."):
                value = value[part]
            values.append(value)
        return statistics.median(values) if values else None

    def ratio(self, key: str, candidate: str, base: str, **facts: Any) -> float | None:
        """Of the medians."""
        value, other = (self.median(key, name, **facts) for name in (candidate, base))
        return value / other if value is not None and other else None

    def quality(self, candidate: str, original: str) -> dict[str, dict[str, float]]:
        """By the name of the version; empty if it was not measured."""
        cells = self.cells(candidate, part="disk", original=original)
        found = [cell["quality"] for cell in cells if "quality" in cell]
        return found[0] if found else {}

    def best_peer(self, **facts: Any) -> tuple[Candidate, float] | None:
        """The one that was the fastest, and its wall time in milliseconds."""
        times = [(self.median("wall", peer.name, **facts), peer) for peer in self.peers]
        known = [(time, peer) for time, peer in times if time is not None]
        if not known:
            return None
        time, peer = min(known, key=lambda one: one[0])
        return peer, time

    @property
    def others(self) -> list[float]:
        """How busy other processes were during the cells, from 0 to 1, in order."""
        return sorted(cell["others"] for cell in self.content["cells"])

    @property
    def is_quiet(self) -> bool:
        """Whether wall times are worth something."""
        others = self.others
        return others[len(others) * 9 // 10] < BUSY
