"""Finds the code blocks in the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"(?:# |{# )([\w./-]+\.\w+)(?: #})?\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block of a page."""

    language: str
    code: str
    """The lines with their line breaks."""

    @property
    def path(self) -> str:
        """The path of a file in the first line of the block; empty if there is none."""
        found = _PATH.match(self.code)
        return found[1] if found else ""


def blocks_of(page: Path, *languages: str) -> list[Block]:
    """The blocks in these languages, in the order in which they appear on the page."""
    blocks = [Block(*found) for found in _BLOCK.findall(page.read_text())]
    return [block for block in blocks if block.language in languages]


def block_of(page: Path, path: str) -> Block:
    """The block whose first line is ``path``."""
    [found] = [block for block in blocks_of(page, "python", "django") if block.path == path]
    return found


def pages() -> list[Path]:
    """All pages including the README, but not the changelog, whose code may be outdated."""
    return [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]
