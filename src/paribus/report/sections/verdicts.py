"""The verdict on each variation: the answer in words, a line each, what the verdicts mean."""

from collections import Counter
from collections.abc import Iterator, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.narrative import words
from paribus.narrative.answer import MOST_LINES, in_order, in_short, meanings, verdict_of
from paribus.narrative.comparisons import interval_of, on_pair, p_behind, verdict_notes
from paribus.narrative.numbers import difference_of, value_of
from paribus.narrative.planned import NOT_KNOWN, PLANNED, on_ledger
from paribus.narrative.unpaired import ANY_TIME, how_paired
from paribus.narrative.varied import bound_to
from paribus.report.blocks import Block, Cell, Columns, Folded, Legend, Paragraph, Row, Table, note
from paribus.report.sections.cells import (
    label,
    marked,
    new_seed,
    tone,
)
from paribus.results import Results
from paribus.tables.by_setting import SettingResult


def verdicts(results: Results) -> Iterator[Block]:
    """The verdicts on the primary metric, beside what they mean."""
    compared = results.compared
    if compared is None or not compared.primary:
        yield _alone(results)
        return
    yield Paragraph(in_short(compared), strong=True)
    made = in_order(compared)
    counts = _counts(made) if len(made) > MOST_LINES else ""
    first = _table(results, made[:MOST_LINES], counts)
    yield Columns([[first], [_legend(compared)]], aside=True)
    if len(made) > MOST_LINES:
        yield Folded("All variations", [_table(results, made, counts)])


def _counts(made: Sequence[Comparison]) -> str:
    counted = Counter(verdict_of(c) for c in made)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in counted.items())
    return f", the largest differences of each verdict first: {counts}"


def _legend(compared: StudyComparison) -> Legend:
    items = [(marked(name), tone(name), text) for name, text in meanings(compared).items()]
    return Legend("What the verdicts mean", items)


def _alone(results: Results) -> Table:
    """The primary metric where nothing is compared."""
    title = label(results.primary)
    rows = [(each.name, [_mean(results.primary, each)]) for each in results.settings]
    return Table(f"{title}{_tested_on(results)}", ("Setting", title), rows)


def _tested_on(results: Results) -> str:
    tested = results.baseline.data.test if results.primary.images else None
    return "" if tested is None else f" after the last epoch, on {words.whole(tested)} images"


def _table(results: Results, made: Sequence[Comparison], rest: str = "") -> Table:
    """The baseline, then a line for each comparison."""
    title = label(results.primary)
    by_name = {each.name: each for each in results.settings}
    baseline: Row = (
        results.baseline.name,
        [_mean(results.primary, results.baseline), Cell("baseline"), *[Cell(words.NONE)] * 2],
    )
    return Table(
        f"{title}{_tested_on(results)}{rest}",
        ("Setting", title, "Verdict", "Difference", "One new training"),
        [baseline, *((c.variation, _cells(results, by_name[c.variation], c)) for c in made)],
    )


def _mean(metric: Metric, result: SettingResult) -> Cell:
    return Cell(value_of(metric).spread(result.spread(metric.name)))


def _cells(results: Results, result: SettingResult, c: Comparison) -> list[Cell]:
    verdict, p = verdict_of(c), "" if c.p is None else words.typeset(p_behind(c))
    return [
        _mean(c.metric, result),
        Cell(marked(verdict), p, tone=tone(verdict), notes=_notes(results, c)),
        Cell(*_difference(c), strong=True),
        new_seed(c),
    ]


def _difference(c: Comparison) -> tuple[str, str]:
    """The estimate, and below it the interval with its level."""
    if c.estimate is None:
        return words.NONE, ""
    unit, interval = difference_of(c.metric), interval_of(c)
    alone = words.typeset(unit.alone(interval))
    if interval.low is None or interval.high is None:
        return alone, ""
    unbroken = unit.ends(interval).replace(" ", words.NO_BREAK)
    return alone, words.typeset(f"{100 * c.level:.3g} % interval {unbroken}")


def _notes(results: Results, c: Comparison) -> tuple[str, ...]:
    """What else to know of a verdict, and what was changed after results had been seen."""
    pairs = {} if results.compared is None else {p.variation: p for p in results.compared.pairs}
    alone = pairs.get(c.variation)
    texts = [*verdict_notes(c)] if alone is None else [on_pair(alone)]
    standing = results.planned(c)
    if standing not in (PLANNED, NOT_KNOWN):
        texts.append(f"{standing}.")
    return tuple(words.typeset(f"{text[0].upper()}{text[1:]}") for text in texts)


def reading(results: Results) -> Folded:
    """How the lines are to be read, and what all of them are bound to."""
    vary, compared = results.study.varied, results.compared
    anytime = compared is not None and compared.anytime
    how = how_paired(results.study.paired, proven=results.proven)
    text = (
        f"Each variation is compared with {results.baseline.name}, {how}. The interval is for the "
        f"mean difference over all seeds, {bound_to(vary)}; of 100 such intervals of 95 %, 95 "
        "hold it. One new training says between what two values the difference of one new seed "
        "will lie, in 95 of 100 studies unless another level is given. The p values are adjusted "
        f"for the number of variations. {ANY_TIME if anytime else ''}"
        f"{words.typeset(on_ledger(results.ledger))}"
    )
    return Folded("How to read this", [note(text, link="pairing")], printed=True)
