"""Every variation against the baseline on every metric, as a chart and in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from paribus.claims.sample import Interval
from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.registry import METRICS
from paribus.narrative.headline import interval_of
from paribus.narrative.notes import notes
from paribus.narrative.numbers import difference_of
from paribus.report import figures, words
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Section, Table
from paribus.report.intervals import Mark, Panel, intervals
from paribus.report.sections.accuracies import both_intervals, recall_changes
from paribus.report.sections.numbers import (
    MOST_VARIATIONS,
    TALL,
    beyond_margin,
    found,
    level,
    p_value,
    seeds_needed,
)
from paribus.report.summary import Summary
from paribus.report.verdicts import marked, tone

#: A note names so many variations; of more it says how many.
MOST_NAMED = 4

RECALL = "recall"


def comparisons(summary: Summary) -> Section:
    """The interval plot, the tests, both intervals of test accuracy, and the recalls."""
    title = "Comparisons"
    compared = summary.findings.compared
    if compared is None or not compared.comparisons:
        text = "There is no variation to compare with the baseline."
        said = [text] if compared is not None else list(summary.findings.refused)
        return Section("comparison", title, [Paragraph(one) for one in said])
    main = [c for c in compared.comparisons if c.metric.name in METRICS]
    recalls = [c for c in compared.comparisons if c.metric.family == RECALL]
    blocks: list[Block] = [
        _explanation(compared),
        *_figure(main, compared),
        *_tables(main),
        *_notes(main),
        *both_intervals(compared),
        *recall_changes(recalls),
    ]
    return Section("comparison", title, blocks)


def _explanation(compared: StudyComparison) -> Paragraph:
    return Paragraph(
        f"Each variation against {compared.values.baseline}, seed by seed; training time is a "
        "ratio. The 95 % intervals hold for new seeds on these test images, each by itself. The "
        "adjusted p allows for all variations tested on a metric (Holm), and the verdict rests "
        "on it; the sign-flip p assumes nothing of the shape of the differences. Test accuracy "
        "is the metric that decides; all others explore. The last column is the number of seeds "
        "in all with which an undecided comparison would be decided with a probability of 80 %, if "
        "the differences went on as they have so far.",
        quiet=True,
    )


# ---- the chart ----------------------------------------------------------------------------------


def _figure(main: Sequence[Comparison], compared: StudyComparison) -> Iterator[Figure]:
    names = list(dict.fromkeys(c.variation for c in main))
    drawn = names[:MOST_VARIATIONS]
    panels = [
        panel
        for metric in dict.fromkeys(c.metric.name for c in main)
        if (panel := _panel([c for c in compared.on(metric) if c.variation in drawn]))
    ]
    if not panels:
        return
    wide, narrow = figures.both(lambda width: intervals(panels, width))
    left = f" {len(drawn)} of {len(names)} variations; the table has all." * (
        len(drawn) < len(names)
    )
    yield Figure(
        "comparisons",
        "▲ better, ▼ worse, ◆ higher or lower where neither is better, ■ equivalent, ○ undecided. "
        "The line is no difference; the gray band of test accuracy is the margin, within which a "
        f"difference doesn't matter.{left}",
        _description(compared, drawn),
        wide,
        narrow,
    )


def _panel(own: Sequence[Comparison]) -> Panel | None:
    """The chart of one metric; None if no variation has been tested on it."""
    tested = [c for c in own if c.p is not None and c.estimate is not None]
    if not tested:
        return None
    metric = tested[0].metric
    ratio = metric.compare == "ratio"
    quantity = difference_of(metric)
    marks = tuple(
        Mark(c.variation, *_scaled(interval_of(c), quantity.scale), c.verdict) for c in tested
    )
    margin = None if metric.margin is None or ratio else metric.margin * quantity.scale
    unit = "times the baseline's" if ratio else _axis(quantity.unit)
    title = metric.label[0].upper() + metric.label[1:]
    return Panel(title, unit, marks, 1.0 if ratio else 0.0, margin, ratio)


def _axis(unit: str) -> str:
    return f"difference in {unit}" if unit else "difference"


def _scaled(found: Interval, scale: float) -> tuple[float, float | None, float | None]:
    low, high = (None if end is None else scale * end for end in (found.low, found.high))
    return scale * found.estimate, low, high


def _description(compared: StudyComparison, drawn: Sequence[str]) -> str:
    said = [
        f"{c.variation} {c.verdict}, {found(c)}"
        for c in compared.primary
        if c.variation in drawn and c.p is not None
    ]
    return (
        "Differences to the baseline with 95 % intervals, a small chart a metric. Test accuracy: "
        f"{'; '.join(said) or 'not tested'}."
    )


# ---- the tables ---------------------------------------------------------------------------------

_HEAD = (
    "Verdict",
    "Difference",
    "p",
    "Adjusted p",
    "Sign-flip p",
    "Seeds",
    "Would decide",
)


def _tables(main: Sequence[Comparison]) -> Iterator[Block]:
    names = list(dict.fromkeys(c.variation for c in main))
    if len(names) > MOST_VARIATIONS:
        rows = tuple((f"{c.variation}: {c.metric.label}", _cells(c)) for c in main)
        yield Table("Every variation against the baseline", ("", *_HEAD), rows, tall=True)
        return
    for name in names:
        own = tuple((c.metric.label, _cells(c)) for c in main if c.variation == name)
        yield Heading(name)
        yield Table(f"{name} against the baseline", ("", *_HEAD), own)


def _cells(c: Comparison) -> tuple[Cell, ...]:
    tested = c.p is not None
    p = [p_value(value) for value in (c.p, c.p_adjusted, c.p_sign_flip)]
    verdict = c.verdict if tested else "not tested"
    return (
        Cell(marked(verdict), tone=tone(verdict)),
        Cell(found(c), level(c)),
        Cell(p[0]),
        Cell(p[1], beyond_margin(c)),
        Cell(p[2]),
        Cell(str(c.n_seeds), f"{c.missing} left out" if c.missing else ""),
        Cell(seeds_needed(c)),
    )


def _notes(made: Sequence[Comparison]) -> Iterator[Block]:
    """What must be said beside the numbers: each note once, with all that it is about."""
    about: dict[str, dict[str, list[str]]] = {}
    for c in made:
        for note in notes(c):
            about.setdefault(note, {}).setdefault(c.variation, []).append(c.metric.label)
    if not about:
        return
    metrics = len({c.metric.name for c in made})
    rows = tuple((_whose(of, metrics), (Cell(words.typeset(note)),)) for note, of in about.items())
    yield Table(
        "What must be said besides",
        ("Of", "Note"),
        rows,
        numeric=False,
        tall=len(rows) > TALL,
        stacked=True,
    )


def _whose(of: Mapping[str, Sequence[str]], metrics: int) -> str:
    """What a note is about: variations, and of each the metrics."""
    said = {
        name: "all metrics" if len(labels) == metrics else words.listed(labels)
        for name, labels in of.items()
    }
    if len(set(said.values())) == 1:
        names = words.listed(list(of)) if len(of) <= MOST_NAMED else f"{len(of)} variations"
        return f"{names}: {next(iter(said.values()))}"
    if len(of) > MOST_NAMED:
        return f"{len(of)} variations; tables/comparisons.csv says which"
    return "; ".join(f"{name}: {labels}" for name, labels in said.items())
