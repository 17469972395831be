"""Tables in Markdown, targets in words, and their place in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def at_least(figure: float, target: float) -> str:
    """The target, and whether the figure meets it."""
    return f"≥ {target:g}: {'met' if figure >= target else '**missed**'}"


def at_most(figure: float, target: float, unit: str) -> str:
    """The target, and whether the figure meets it."""
    return f"≤ {target:g} {unit}: {'met' if figure <= target else '**missed**'}"


def write(measured: str) -> None:
    """Replace what stands between the document's marks."""
    before, rest = DOCUMENT.read_text().split(BEGIN)
    _, after = rest.split(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}")
