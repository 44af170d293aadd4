"""Everything that is compared."""

from __future__ import annotations

from benchmarks.compare.fields import FIELDS
from benchmarks.compare.job import Candidate
from benchmarks.compare.own import BY_HAND, LIMITS, OWN
from benchmarks.compare.thumbnailers import THUMBNAILERS

ALL: tuple[Candidate, ...] = (*LIMITS, *OWN, *THUMBNAILERS, *FIELDS, BY_HAND)


def chosen(only: str) -> list[Candidate]:
    """Those whose name is in the list, which is separated by commas; all if it is empty.

    Raises ``SystemExit`` for an unknown name.
    """
    names = [name for name in only.split(",") if name]
    known = {candidate.name for candidate in ALL}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"ONLY={','.join(unknown)}? Known are: {', '.join(sorted(known))}")
    return [candidate for candidate in ALL if not names or candidate.name in names]
