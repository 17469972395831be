"""Comparisons as cells of a table: verdicts with their signs, estimates, p values, seeds."""

from collections.abc import Callable, Container, Mapping, Sequence

from paribus.comparison.compare import Comparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.comparisons import interval_of, p_behind
from paribus.narrative.numbers import Unit, difference_of, p_value
from paribus.report.blocks import Cell, Table
from paribus.report.charts.intervals import Mark, Panel
from paribus.stats.intervals import ALPHA, LEVEL
from paribus.stats.power import MOST_SEEDS

#: Charts show so many variations or settings at most.
MOST_VARIATIONS = 8

#: Verdict -> its sign: color is never all there is.
SIGNS: Mapping[str, str] = {
    "better": "▲",
    "worse": "▼",
    "higher": "◆",
    "lower": "◆",
    "not worse": "△",
    "not better": "▽",
    "equivalent": "■",
    "undecided": "○",
    "not tested": "□",
    "supported": "✓",
    "refuted": "✗",
}


def marked(verdict: str) -> str:
    """A verdict with its sign: "▲ better"."""
    return f"{SIGNS[verdict]} {verdict}"


def tone(verdict: str) -> str:
    """The name by which a verdict is colored in the page."""
    return verdict.replace(" ", "-")


def verdict_mark(verdict: str) -> Cell:
    """A verdict with its sign, in its color."""
    return Cell(marked(verdict), tone=tone(verdict))


def verdict_table(
    caption: str, corner: str, made: Sequence[Comparison], title: Callable[[Metric], str]
) -> Table:
    """A row a metric and a column a variation: estimates, below them the verdicts."""
    at = {(c.metric.name, c.variation): c for c in made}
    variations = list(dict.fromkeys(c.variation for c in made))
    return Table(
        caption,
        (corner, *variations),
        [
            (title(metric), [_verdict_cell(at.get((name, variation))) for variation in variations])
            for name, metric in {c.metric.name: c.metric for c in made}.items()
        ],
    )


def _verdict_cell(c: Comparison | None) -> Cell:
    if c is None:
        return Cell(words.NONE)
    if c.p is None:
        return Cell(estimate(c), "not tested")
    details = filter(None, (level(c), verdict_and_p(c)))
    return Cell(estimate(c), ", ".join(details), tone=tone(c.verdict))


def verdict_and_p(c: Comparison) -> str:
    """A verdict with the p value it rests on."""
    return f"{marked(c.verdict)}, {words.typeset(p_behind(c))}"


def estimate(c: Comparison) -> str:
    """The estimate with its interval and unit."""
    if c.estimate is None:
        return words.NONE
    unit = Unit(sign="times") if c.metric.compare == "ratio" else difference_of(c.metric)
    return words.typeset(unit.estimate(interval_of(c)))


def new_seed(c: Comparison) -> Cell:
    """What one new seed will show, with the level where it isn't 95 %."""
    of = c.prediction
    if of is None or of.low is None or of.high is None:
        return Cell(words.NONE)
    shown = words.typeset(difference_of(c.metric).range(of.low, of.high))
    return Cell(shown, "" if abs(of.level - LEVEL) < 0.002 else f"{100 * of.level:.2g} %")


def label(metric: Metric) -> str:
    """A metric's label at the beginning of a sentence or an axis."""
    safe = safe_name(metric.label)
    if metric.label == metric.name and not metric.name.isalpha():
        return safe  # as a program writes it
    return safe[0].upper() + safe[1:]


def panel(title: str, metric: Metric, rows: Sequence[tuple[str, Comparison]]) -> Panel:
    """The chart of comparisons on one metric that have an estimate, each with its row's name."""
    unit = difference_of(metric)
    axis = f"difference in {safe_name(unit.sign)}" if unit.sign else "difference"
    return Panel(
        title,
        "times the baseline's" if unit.ratio else axis,
        tuple(mark(c, row) for row, c in rows),
        1.0 if unit.ratio else 0.0,
        None if metric.margin is None or unit.ratio else metric.margin * unit.scale,
        unit.ratio,
    )


def mark(c: Comparison, row: str = "") -> Mark:
    """A comparison in a chart, in a row of its own or another name, in the unit that is shown."""
    interval, scale = interval_of(c), difference_of(c.metric).scale
    low, high = (None if end is None else scale * end for end in (interval.low, interval.high))
    return Mark(row or c.variation, c.verdict, scale * interval.estimate, low, high)


def level(c: Comparison) -> str:
    """The interval's confidence if it isn't the usual one."""
    usual = c.low is None or abs(c.level - 1 + ALPHA) < 0.002
    return "" if usual else f"{100 * c.level:.3g} % interval"


def equivalence(c: Comparison) -> str:
    """The adjusted p of equivalence, if a margin is declared."""
    p = c.p_equivalence_adjusted
    return "" if p is None else f"equivalence {p_value(p)}"


def differing(tested: Sequence[Comparison]) -> str:
    """How many comparisons show a difference: "none show a difference", "1 shows a difference"."""
    count = sum(c.verdict in ("better", "worse", "higher", "lower") for c in tested)
    verb = "shows" if count == 1 else "show"
    return f"{words.whole(count) if count else 'none'} {verb} a difference"


def seeds_needed(c: Comparison) -> str:
    """The seeds that would decide an undecided comparison."""
    if c.seeds_needed is None:
        return words.NONE
    return f"> {MOST_SEEDS:,}" if c.seeds_needed.seeds is None else f"{c.seeds_needed.seeds:,}"


def goal(c: Comparison) -> str:
    """What the seeds needed would show."""
    needed = c.seeds_needed
    if needed is None or needed.seeds is None or needed.power is None:
        return ""
    return f"{needed.goal} in {100 * min(needed.power, 0.99):.0f} %"


def shown_in(figure: str, anchors: Container[str]) -> str:
    """The section to link to; what is left out is named among what is missing."""
    return figure if figure in anchors else "missing"


def left_out(drawn: int, of: int, what: str, rest: str = "; the table has all") -> str:
    """How many of several a chart shows, unless it shows all."""
    return f" {drawn} of {of} {what}{rest}." if drawn < of else ""
