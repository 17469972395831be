"""The verdict on each variation: a line each, or of many a table of the first ones."""

from collections import Counter
from collections.abc import Iterator, Sequence

from paribus.comparison.compare import Comparison
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.comparisons import NOT_TESTED, Headline, headline
from paribus.narrative.numbers import difference_of, p_value
from paribus.narrative.planned import NOT_KNOWN, PLANNED, on_ledger
from paribus.narrative.unpaired import ANY_TIME, PAIRED, UNPAIRED
from paribus.narrative.varied import bound_to, held_fixed
from paribus.report import blocks
from paribus.report.sections.cells import (
    SIGNS,
    equivalence,
    estimate,
    level,
    new_seed,
    tone,
    verdict_mark,
    verdict_of,
)
from paribus.results import Results

#: More variations than this are rows of a table, of which the first screen shows as many.
MOST_LINES = 10
#: In the order in which such a table has them.
VERDICTS = (
    *("better", "worse", "higher", "lower", "equivalent", "not worse", "not better"),
    *("undecided", NOT_TESTED),
)


def verdicts(results: Results) -> Iterator[blocks.Block]:
    """The verdicts on the primary metric, and how to read them."""
    compared = results.compared
    if compared is None or not compared.primary:
        return
    if len(compared.primary) > MOST_LINES:
        yield from _tables(compared.primary)
    else:
        pairs = {pair.variation: pair for pair in compared.pairs}
        lines = [
            _line(headline(c, pairs.get(c.variation)), _changed(results, c))
            for c in compared.primary
        ]
        yield blocks.Verdicts(tuple(lines))
    if any(c.p is not None for c in compared.primary):
        yield blocks.note(_reading(results))


def _tables(made: Sequence[Comparison]) -> Iterator[blocks.Block]:
    """The first of many variations, by verdict and then by size; all of them in a table below."""
    head = ("Variation", "Verdict", "Difference", "One new seed", "Adjusted p", "Seeds")
    ordered = sorted(made, key=_rank)
    rows = [(c.variation, _cells(c)) for c in ordered]
    metric = safe_name(made[0].metric.label)
    counted = Counter(verdict_of(c) for c in ordered)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in counted.items())
    caption = f"Verdicts in {metric}, of each the largest differences first: {counts}"
    yield blocks.Table(caption, head, rows[:MOST_LINES])
    yield blocks.Folded("All settings", blocks.Table(f"All verdicts in {metric}", head, rows))


def _rank(c: Comparison) -> tuple[int, float]:
    return VERDICTS.index(verdict_of(c)), -abs(c.difference or 0.0)


def _cells(c: Comparison) -> list[blocks.Cell]:
    failed = sum(of.failed for of in c.failed)
    return [
        verdict_mark(verdict_of(c)),
        blocks.Cell(estimate(c), level(c)),
        new_seed(c),
        blocks.Cell(p_value(c.p_adjusted), equivalence(c)),
        blocks.Cell(str(c.n_seeds), f"{words.count(failed, 'run')} failed" if failed else ""),
    ]


def _changed(results: Results, c: Comparison) -> str:
    """What was changed of the plan after results had been seen, if that touches the verdict."""
    standing = results.planned(c)
    return "" if standing in (PLANNED, NOT_KNOWN) else f"{standing[0].upper()}{standing[1:]}."


def _line(line: Headline, changed: str) -> blocks.Verdict:
    return blocks.Verdict(
        line.variation,
        SIGNS[line.verdict],
        line.verdict,
        words.typeset(f"{line.rest.removesuffix('.')}."),
        tone(line.verdict),
        words.typeset(" ".join((*line.also, *[changed] * bool(changed)))),
    )


def _reading(results: Results) -> str:
    """How the lines are to be read, and what all of it is bound to."""
    metric, margin, vary = results.primary, results.primary.margin, results.study.vary
    small = "" if margin is None else difference_of(metric).amount(margin)
    anytime = results.compared is not None and results.compared.anytime
    equivalent = f" Equivalent: shown to differ by less than {small}, the study's margin."
    return (
        f"Each line compares a variation with {results.baseline.name}, {_how(results)}. In "
        f"brackets a 95 % interval for the mean difference over all seeds, {bound_to(vary)}, "
        "unless another level is given; 95 of 100 such intervals hold it. A prediction interval "
        "is for one seed that is trained anew. The p values are adjusted for the number of "
        f"variations.{equivalent if small else ''} {held_fixed(vary)} "
        f"{ANY_TIME if anytime else ''}{words.typeset(on_ledger(results.ledger))}"
    )


def _how(results: Results) -> str:
    return PAIRED if results.study.paired else UNPAIRED
