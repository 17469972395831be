"""What new seeds will show, and how probable a difference is that matters."""

from collections.abc import Iterator, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.narrative import words
from paribus.narrative.numbers import difference_of
from paribus.narrative.outlook import odds, winning
from paribus.report.blocks import Block, Cell, Heading, Paragraph, Table, note
from paribus.report.sections import cells
from paribus.stats.intervals import Interval


def new_seeds(compared: StudyComparison) -> Iterator[Block]:
    """On the primary metric: a new seed, as many again, the odds of winning, and the margin."""
    known = [c for c in compared.primary if c.prediction is not None]
    if not known:
        return
    metric = compared.values.primary
    yield Heading(f"{cells.label(metric)}: what new seeds will show")
    yield Paragraph(
        "An interval for the mean says where the mean over all seeds lies, not what a seed will "
        "show. If you train once, read the interval for one new seed; if you repeat the study, "
        "the one for the mean of as many new seeds. 95 of 100 studies, each with its new seeds, "
        "have them inside, if differences are normal."
        if metric.compare != "ranks"
        else "The interval for one new seed holds it as often as is said, whatever the "
        "distribution of the differences."
    )
    yield Table(
        f"Difference in {metric.label} of new seeds",
        ("", "One new seed", "As many again", "Seeds won"),
        [(c.variation, _cells(c)) for c in known],
    )
    yield from _practical(known)


def _cells(c: Comparison) -> list[Cell]:
    return [
        cells.new_seed(c),
        Cell(_range(c, c.prediction_of_as_many)),
        Cell(words.typeset(winning(c)), odds(c)),
    ]


def _range(c: Comparison, interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return words.NONE
    return words.typeset(difference_of(c.metric).range(interval.low, interval.high))


def _practical(known: Sequence[Comparison]) -> Iterator[Block]:
    """Probabilities beside the verdict, for readers who think in them."""
    made = [c for c in known if c.practical is not None]
    if not made:
        return
    metric = made[0].metric
    assert metric.margin is not None, "known only with a margin"
    ends = {True: ("worse", "better"), False: ("better", "worse"), None: ("lower", "higher")}
    below, above = ends[metric.higher_is_better]
    amount = difference_of(metric).amount(metric.margin)
    yield Table(
        f"How probable a difference beyond {amount} is, given the seeds",
        ("", below.capitalize(), "Equivalent", above.capitalize(), "Verdict"),
        [(c.variation, _probabilities(c)) for c in made],
    )
    yield note(
        "With a flat prior, for readers who think in such probabilities; no verdict rests on them. "
        "They are not adjusted for the number of variations, and where seeds are added until "
        "a comparison is decided, they are not right as often as they say."
    )


def _probabilities(c: Comparison) -> list[Cell]:
    assert c.practical is not None, "asked only where they are known"
    each = (c.practical.below, c.practical.inside, c.practical.above)
    return [*(Cell(_percent(p)) for p in each), cells.verdict_mark(c.verdict)]


def _percent(probability: float) -> str:
    if 0 < probability < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < probability < 1 else f"{100 * probability:.1f} %"
