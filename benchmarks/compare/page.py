"""Writes the tables into ``docs/performance.md`` and draws ``docs/performance.svg``; the README
gets a plot in plain text.

    .venv-bench/bin/python -m benchmarks.compare.page

Each table stands between two comments, such as ``<!-- bars -->`` and ``<!-- end of bars -->``, and
the plot in the README's only block of text.
"""

from __future__ import annotations

import re

from benchmarks.compare import bars, tables
from benchmarks.compare.drawing import draw
from benchmarks.compare.figures import Figures
from benchmarks.compare.job import PROJECT
from benchmarks.compare.text_plot import text_plot

PAGE = PROJECT / "docs" / "performance.md"
PLOT = PROJECT / "docs" / "performance.svg"
README = PROJECT / "README.md"
_BLOCK = re.compile(r"(?<=^```text\n)[^`]+", re.MULTILINE)


def filled(page: str, figures: Figures) -> str:
    """The page with the tables of these figures."""
    for name, content in {
        "bars": bars.table(figures),
        "tables": tables.markdown(figures),
    }.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        pattern = re.compile(rf"(?<={re.escape(start)}\n).*(?={re.escape(end)})", re.DOTALL)
        assert pattern.search(page), f"{PAGE} has no {start} ... {end}"
        page = pattern.sub(lambda _found, text=content: f"\n{text}\n", page)
    return page


def plotted(readme: str, figures: Figures) -> str:
    """The README with the plot of these figures."""
    assert len(_BLOCK.findall(readme)) == 1, f"{README} has no block of text for the plot"
    return _BLOCK.sub(lambda _found: text_plot(figures), readme)


def main() -> None:
    figures = Figures.read()
    PAGE.write_text(filled(PAGE.read_text(), figures))
    PLOT.write_text(draw(figures))
    README.write_text(plotted(README.read_text(), figures))


if __name__ == "__main__":
    main()
