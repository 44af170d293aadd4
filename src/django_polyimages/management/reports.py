"""What became of an operation: as lines of text, and as the fields that ``--json`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.template.defaultfilters import pluralize

from django_polyimages.operations.audit import Finding
from django_polyimages.operations.deletions import CarriedOut, DeletionPlan
from django_polyimages.operations.generation import GeneratedImage, GenerationPlan
from django_polyimages.operations.uploads import SweptUpload, UploadPlan

FAILURES_NAMED: Final = 100
"""How many failures ``--json`` lists; the others are only counted."""


def count(number: int, noun: str) -> str:
    """Such as ``1 file`` and ``2 files``."""
    return f"{number:,} {noun}{pluralize(number)}"


def reasons(found: Mapping[Any, int]) -> Iterator[str]:
    """A line for each, indented."""
    return (f"  {reason}: {number:,}" for reason, number in sorted(found.items()))


@dataclass(slots=True)
class DeletionReport:
    """What became of deletions so far."""

    plans: Sequence[DeletionPlan]
    done: int = 0
    files: int = 0
    left: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, result: CarriedOut) -> None:
        self.files += result.files
        self.left += result.left
        if result.reason:
            self.reasons[result.reason] += 1
        else:
            self.done += 1

    def plan_lines(self, hint: str = "") -> Iterator[str]:
        planned = self.planned
        counts = f"{count(planned['deletions'], 'deletion')}, {count(planned['files'], 'file')}"
        oldest = self._oldest()
        since = f", the oldest of {oldest.isoformat(' ', 'minutes')}" if oldest else ""
        yield f"To carry out: {counts}{since}."
        yield from reasons(planned["reasons"])
        if planned["not_due"]:
            yield f"Not due yet: {count(planned['not_due'], 'deletion')}{hint}."

    def lines(self) -> Iterator[str]:
        yield f"Carried out: {count(self.done, 'deletion')}, {count(self.files, 'file')}."
        if self.reasons:
            refused = count(self.reasons.total(), "deletion")
            yield f"Refused: {refused}, {count(self.left, 'file')}."
            yield from reasons(self.reasons)

    @property
    def planned(self) -> dict[str, Any]:
        """What was to be done, as ``--json`` prints it."""
        oldest, found = self._oldest(), Counter[str]()
        for plan in self.plans:
            found.update(plan.reasons)
        return {
            "deletions": sum(plan.rows for plan in self.plans),
            "files": sum(plan.files for plan in self.plans),
            "oldest": oldest and oldest.isoformat(),
            "reasons": found,
            "not_due": sum(plan.not_due for plan in self.plans),
        }

    @property
    def outcome(self) -> dict[str, Any]:
        """What was done, as ``--json`` prints it."""
        refused = self.reasons.total()
        return {
            "carried_out": {"deletions": self.done, "files": self.files},
            "refused": {"deletions": refused, "files": self.left, "reasons": self.reasons},
        }

    def as_json(self, *, is_done: bool) -> dict[str, Any]:
        """What ``--json`` prints; a plan has no outcome."""
        return _as_json(self.planned, self.outcome, is_done=is_done)

    def _oldest(self) -> Any:
        return min((plan.oldest for plan in self.plans if plan.oldest), default=None)


@dataclass(slots=True)
class UploadReport:
    """What became of pending uploads so far."""

    plans: Sequence[UploadPlan]
    swept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, result: SweptUpload) -> None:
        if result.reason:
            self.reasons[result.reason] += 1
        else:
            self.swept += 1

    @property
    def planned(self) -> int:
        return sum(plan.rows for plan in self.plans)

    def plan_lines(self) -> Iterator[str]:
        yield f"To end: {count(self.planned, 'upload')} whose time is over."

    def lines(self) -> Iterator[str]:
        yield f"Ended: {count(self.swept, 'upload')}."
        if self.reasons:
            yield f"Not deleted: {count(self.reasons.total(), 'file')} of uploads."
            yield from reasons(self.reasons)

    def as_json(self, *, is_done: bool) -> dict[str, Any]:
        """What ``--json`` prints; a plan has no outcome."""
        outcome = {"swept": self.swept, "refused": self.reasons}
        return _as_json({"uploads": self.planned}, outcome, is_done=is_done)


@dataclass(slots=True)
class GenerationReport:
    """What became of images so far."""

    plan: GenerationPlan
    seconds: int
    """How long it may take; an estimate."""
    done: int = 0
    versions: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, str]] = field(default_factory=list)

    def add(self, result: GeneratedImage) -> None:
        self.versions += len(result.generated)
        if not result.failure:
            self.done += 1
            return
        self.reasons[result.failure] += 1
        if len(self.first) < FAILURES_NAMED:
            self.first.append({"id": result.id, "key": result.key, "reason": result.failure})

    def left(self, *, is_stopped: bool) -> int:
        """How many images were not tried, if the operation has ended early."""
        tried = self.done + self.reasons.total()
        return max(0, self.plan.images - tried) if is_stopped else 0

    def plan_lines(self) -> Iterator[str]:
        plan = self.plan
        yield f"To generate: versions of {count(plan.images, 'image')}."
        yield from reasons(plan.reasons)
        if plan.images:
            read, written = _megabytes(plan.bytes_to_read), _megabytes(plan.bytes_to_write)
            yield f"To read: {read}. To write: about {written}. Time: about {_time(self.seconds)}."

    def lines(self) -> Iterator[str]:
        yield f"Generated: {count(self.versions, 'version')}, {count(self.done, 'image')} in order."
        if self.reasons:
            yield f"Failed: {count(self.reasons.total(), 'image')}."
            yield from reasons(self.reasons)

    @property
    def planned(self) -> dict[str, Any]:
        """What was to be done, as ``--json`` prints it."""
        return {
            "images": self.plan.images,
            "reasons": self.plan.reasons,
            "bytes_to_read": self.plan.bytes_to_read,
            "bytes_to_write": self.plan.bytes_to_write,
            "seconds": self.seconds,
        }

    @property
    def outcome(self) -> dict[str, Any]:
        """What was done, as ``--json`` prints it."""
        failed = {"images": self.reasons.total(), "reasons": self.reasons, "first": self.first}
        return {"generated": {"images": self.done, "versions": self.versions}, "failed": failed}

    def as_json(self, *, is_done: bool) -> dict[str, Any]:
        """What ``--json`` prints; a plan has no outcome."""
        return _as_json(self.planned, self.outcome, is_done=is_done)


@dataclass(slots=True)
class AuditReport:
    """What an audit has found so far."""

    fixed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        self.fixed[finding.kind] += finding.fixed
        self.left[finding.kind] += finding.is_left

    def lines(self) -> Iterator[str]:
        yield f"Fixed: {_kinds(self.fixed)}. Left: {_kinds(self.left)}."

    @property
    def outcome(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {"fixed": dict(+self.fixed), "left": dict(+self.left)}


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    what = " ".join(filter(None, [finding.model, finding.id, finding.key]))
    line = ": ".join(filter(None, [finding.kind, what, finding.detail]))
    return line + (" (fixed)" if finding.fixed else "")


def failure_line(result: GeneratedImage) -> str:
    """An image that failed in one line."""
    return f"{result.id}: {result.key}: {result.failure}"


def _as_json(planned: dict[str, Any], outcome: dict[str, Any], *, is_done: bool) -> dict[str, Any]:
    return {"planned": planned} | (outcome if is_done else dict.fromkeys(outcome))


def _kinds(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in counts.items() if number) or "nothing"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def _time(seconds: int) -> str:
    if seconds <= 60:
        return count(seconds, "second")
    hours, minutes = divmod(-(-seconds // 60), 60)
    return (
        f"{count(hours, 'hour')} {count(minutes, 'minute')}" if hours else count(minutes, "minute")
    )
