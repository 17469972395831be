"""Results as a notebook shows them: the answer, a line a variation, and where the report is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from paribus.names import printable
from paribus.narrative import words
from paribus.narrative.answer import in_order, in_short, verdict_of
from paribus.narrative.comparisons import interval_of
from paribus.narrative.numbers import difference_of, p_value

if TYPE_CHECKING:
    from paribus.comparison.compare import Comparison
    from paribus.results import Results

#: Lines of a table.
MOST_ROWS = 20


def card(results: Results) -> str:
    """HTML without a style of its own; all text in it is escaped."""
    return "\n".join(_parts(results))


def _parts(results: Results) -> Iterator[str]:
    yield f"<p><b>{_safe(results.study.name)}</b></p>"
    compared = results.compared
    for sentence in results.refused:
        yield f"<p>{_safe(sentence)}</p>"
    if compared is not None and compared.primary:
        yield f"<p>{_safe(words.typeset(in_short(compared)))}</p>"
        yield from _table(in_order(compared), results)
    failed = len(results.failed)
    if failed:
        yield f"<p>{_safe(words.count(failed, 'run'))} failed.</p>"
    yield f"<p>Report: <code>{_safe(str(results.report))}</code></p>"


def _table(of: list[Comparison], results: Results) -> Iterator[str]:
    titles = (
        "Setting",
        "Verdict",
        f"Difference in {results.primary.label}",
        "p (adjusted)",
        "Seeds",
    )
    yield "<table><thead><tr>"
    yield "".join(f"<th>{_safe(title)}</th>" for title in titles)
    yield "</tr></thead><tbody>"
    for c in of[:MOST_ROWS]:
        p = words.NONE if c.p_adjusted is None else p_value(c.p_adjusted)
        cells = (c.variation, verdict_of(c), _difference(c), p, str(c.n_seeds))
        yield f"<tr>{''.join(f'<td>{_safe(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table>"
    if len(of) > MOST_ROWS:
        yield f"<p>{len(of) - MOST_ROWS:,} more stand in the report.</p>"


def _difference(c: Comparison) -> str:
    if c.estimate is None:
        return words.NONE
    return words.typeset(difference_of(c.metric).told(interval_of(c)))


def _safe(text: str) -> str:
    return escape(printable(text))
