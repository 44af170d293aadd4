"""The job that every candidate does, and what a candidate is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent.parent
VENV = PROJECT / ".venv-bench"
RESULTS = PROJECT / "benchmarks" / "results"


class Spec(NamedTuple):
    """A version: the whole picture within a square box, as WebP."""

    name: str
    side: int
    quality: int

    def size_of(self, width: int, height: int) -> tuple[int, int]:
        """Its size for an upright original; never larger than that."""
        scale = min(1, self.side / max(width, height))
        return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))


SPECS = (
    Spec("thumb", 160, 65),
    Spec("sm", 640, 80),
    Spec("md", 1024, 85),
    Spec("lg", 2048, 85),
)
METHOD = 4
"""Of libwebp: the default of Pillow and of every package that is compared."""


@dataclass(frozen=True)
class Job:
    """What a candidate can do in a process in which Django is set up."""

    upload: Callable[[bytes, str], object]
    """Store an original under this name, and all its versions."""
    rows: Callable[[], Iterable[Any]] | None = None
    """All images, in one query if the package can do that."""
    urls: Callable[[Any], list[str]] | None = None
    """The URLs of the versions of a row."""
    before: Callable[[bytes], object] | None = None
    """Done with the original before the measurement."""
    models: tuple[Any, ...] = ()
    """Their tables have to be created, because no migration does it."""


@dataclass(frozen=True)
class Candidate:
    """A package in one configuration."""

    name: str
    """For the command line."""
    label: str
    """For the tables."""
    start: Callable[[], Job]
    """Imports the package; Django has been set up."""
    package: str = ""
    """Its name in the package index; empty for a limit."""
    apps: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    fast: bool = True
    """Whether the modules of the extra ``fast`` can be imported."""

    @property
    def is_own(self) -> bool:
        return self.package == "django-polyimages"

    @property
    def is_limit(self) -> bool:
        return not self.package


def model(**fields: Any) -> Any:
    """A model of the app ``shop``; Django has been set up."""
    from django.db import models

    meta = type("Meta", (), {"app_label": "shop"})
    return type("Photo", (models.Model,), {"Meta": meta, "__module__": __name__, **fields})
