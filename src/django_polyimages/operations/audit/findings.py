"""What an audit finds, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from django.db.models import Model

Kind = Literal[
    "orphan",
    "missing_original",
    "missing_version",
    "wrong_size",
    "outdated",
    "pending",
    "failed",
    "shared_file",
    "dangling_relation",
    "two_covers",
    "checksum",
    "position",
]
INFORMATION: Final[Set[Kind]] = frozenset(["shared_file", "position"])
"""Kinds that are no faults."""
GRACE: Final = timedelta(days=1)
"""Longer than any upload or regeneration takes."""
RATE: Final = 20
"""Megabytes per second: slow enough for a site that is live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault, or a fact that an operator should know."""

    kind: Kind
    model: str = ""
    """The model of the row, such as ``polyimages.Image``; empty for a file without a row."""
    id: str = ""
    """The primary key of the row, as text."""
    key: str = ""
    """The key of the file; empty where no single file is concerned."""
    detail: str
    fixed: bool = False

    @property
    def is_left(self) -> bool:
        """Whether somebody still has to do something about it."""
        return not self.fixed and self.kind not in INFORMATION


def finding_of(
    row: Model, kind: Kind, detail: str, *, key: str = "", fixed: bool = False
) -> Finding:
    """A finding about a row, or about the file ``key`` of it."""
    model, pk = row._meta.label, str(row.pk)
    return Finding(kind=kind, model=model, id=pk, key=key, detail=detail, fixed=fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """What an audit does beside comparing the storages with the tables."""

    fix: bool = False
    """Whether to mend what can be mended without a guess."""
    grace: timedelta = GRACE
    """How old a file without a row, and how long pending an image has to be to be a finding."""
    verify: bool = False
    """Whether to read all originals and compare their SHA-256."""
    rate: float = RATE
    """How many megabytes per second are read at most."""
    privacy: bool = False
    """Whether to count the originals that carry a position."""
    jobs: int = 1
    """How many images are looked at and mended at the same time."""
