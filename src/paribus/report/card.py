"""Results as a notebook shows them: the verdicts, each setting's accuracy, and their chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from paribus.names import safe_name
from paribus.narrative import words
from paribus.report.blocks import Alert, Block, Columns, Figure, Folded, Paragraph, Table, note
from paribus.report.charts.drawing import ChartsError
from paribus.report.fragment import Drawings, draw, fragment
from paribus.report.sections.answer import values
from paribus.report.sections.claims import claims
from paribus.report.sections.comparisons import chart
from paribus.report.sections.verdicts import verdicts

if TYPE_CHECKING:
    from paribus.results import Results

#: Bytes of a card at most, so that a notebook with many of them stays small.
LARGEST = 200_000
#: Rows of a table, and of the chart, all metrics together.
MOST_ROWS, MOST_MARKS = 20, 8

#: What stands below the chart, whose signs the verdicts have, too.
_BRIEF = (
    "Differences from the baseline with their intervals; the vertical line is no difference, the "
    'gray band the margin. results.figure("comparisons") has all metrics.'
)


def card(results: Results) -> str:
    """HTML that needs nothing else: no script, no request, a style that touches only itself."""
    blocks = list(_blocks(results))
    drawn: dict[str, Drawings] = {}
    for figure in [block for block in blocks if isinstance(block, Figure)]:
        try:
            drawn[figure.name] = draw(figure)
        except ChartsError as error:
            blocks.append(note(f"The chart is missing: the process that draws charts {error}."))
    whole = fragment(blocks, drawn)
    if len(whole.encode()) <= LARGEST:
        return whole
    text = [block for block in blocks if not isinstance(block, Figure)]
    return fragment([*text, note("The chart is too large for a notebook; the report has it.")], {})


def _blocks(results: Results) -> Iterator[Block]:
    yield note(f"{safe_name(results.study.name)}: {_runs(results)}")
    if results.refused:
        yield Alert("Not everything could be tested", results.refused)
    for block in verdicts(results):
        yield from _of_verdicts(block)
    for block in claims(results, ()):
        if isinstance(block, Table):  # without the column that says where the report shows it
            rows = [(says, [cells[0]]) for says, cells in block.rows]
            yield _cut(replace(block, head=block.head[:2], rows=rows))
    yield from _chart(results)
    yield note(f"The whole report, which results.show() shows here: {results.report}")


def _runs(results: Results) -> str:
    """How its runs ended: "30 runs", "28 of 30 runs, 2 of them failed"."""
    done, total = len(results.records), len(results.records) + len(results.absent)
    runs = words.count(total, "run") if done == total else f"{done} of {words.count(total, 'run')}"
    failed = len(results.failed)
    return f"{runs}, {failed} of them failed" if failed else runs


def _of_verdicts(block: Block) -> Iterator[Block]:
    """The report's blocks as a card has room for: what the verdicts mean is folded."""
    match block:
        case Columns(parts=[[Table() as table], meaning]):
            yield _cut(table)
            yield Folded("What the verdicts mean", meaning)
        case Table():
            yield _cut(block)
        case Paragraph():
            yield replace(block, link="")


def _cut(table: Table) -> Table:
    if len(table.rows) <= MOST_ROWS:
        return table
    rest = f"; {len(table.rows) - MOST_ROWS} more rows are in the report"
    return replace(table, rows=table.rows[:MOST_ROWS], caption=table.caption + rest)


def _chart(results: Results) -> Iterator[Figure]:
    """The comparisons, or where nothing is compared each setting's values."""
    compared = [replace(of, caption=_BRIEF) for of in chart(results, MOST_MARKS)]
    yield from compared or values(results)
