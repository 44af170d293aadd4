"""The code in the documentation, found by its fences."""

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
    """One fenced block of a page."""

    language: str
    code: str
    """Each line with its line break."""

    @property
    def path(self) -> str:
        """The file that the block is of, which its first line names; empty where none is."""
        found = _PATH.match(self.code)
        return found[1] if found else ""


def blocks_of(page: Path, *languages: str) -> list[Block]:
    """The blocks in these languages, in the order of the page."""
    blocks = [Block(*found) for found in _BLOCK.findall(page.read_text())]
    return [block for block in blocks if block.language in languages]


def block_of(page: Path, path: str) -> Block:
    """The block that is of the file ``path``."""
    [found] = [block for block in blocks_of(page, "python", "django") if block.path == path]
    return found


def pages() -> list[Path]:
    """All pages, the README among them; without the changelog, whose code is of its time."""
    return [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]
