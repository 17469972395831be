"""Whether more seeds would help and, if they are added until decided, the path so far."""

from collections.abc import Iterator, Mapping, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.numbers import Unit, difference_of, p_value
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Row, Table, note
from paribus.report.charts.intervals import FEWEST, Plan, intervals, more_seeds
from paribus.report.sections import cells
from paribus.report.sections.course import seed_by_seed
from paribus.results import Results
from paribus.stats.multiplicity import nominal_level

#: The axis of seeds ends between these, and at twice the present ones at least.
LEAST_AXIS, MOST_AXIS = 20, 100


def seeds(results: Results) -> Iterator[Block]:
    """The half width of the interval against seeds, and the looks of a study that has them."""
    compared = results.compared
    if not results.variations:
        return
    known = [c for c in compared.primary if c.sd and c.n_seeds > 1] if compared else []
    if not known:
        yield Paragraph("To tell, at least two paired seeds with different results are needed.")
    elif results.primary.compare == "difference" and not compared_otherwise(known):
        yield from _plan(known, results.primary)
    else:
        yield from _needed(known, results.primary)
    if compared is not None and results.study.looks is not None and not compared.anytime:
        yield from _path(compared, results.study.looks)
    if compared is not None and results.study.one_by_one:
        yield from seed_by_seed(compared, results.study.most_seeds)


def compared_otherwise(known: Sequence[Comparison]) -> bool:
    """Whether intervals aren't those of the paired t test, whose width follows from its seeds."""
    return any(c.anytime or not c.paired for c in known)


def _needed(known: Sequence[Comparison], metric: Metric) -> Iterator[Block]:
    if any(c.anytime for c in known):
        return  # seeds are added until decided, and none can be named in advance
    by = "as a ratio" if metric.compare == "ratio" else "by ranks"
    by = by if metric.compare != "difference" else "unpaired"
    yield note(
        f"{cells.label(metric)} is compared {by}, whose interval doesn't narrow by a simple rule: "
        "only the seeds needed are given: those with which 80 % of studies would decide."
    )
    yield Table(
        "Seeds so far, and those with which 80 % of studies would decide",
        ("", "Seeds now", "Seeds needed"),
        [(c.variation, [Cell(str(c.n_seeds)), Cell(_outcome(c))]) for c in known],
    )


def _plan(known: Sequence[Comparison], metric: Metric) -> Iterator[Block]:
    drawn = known[: cells.MOST_VARIATIONS]
    plans, most, width_of = [_planned(c) for c in drawn], _axis(drawn), _widths(metric)
    unit = difference_of(metric).sign
    unit = safe_name(unit) if unit else ""
    now = [f"{plan.variation} {width_of.number(plan.half_width(plan.n_seeds))}" for plan in plans]
    margin = (metric.margin or 0.0) * difference_of(metric).scale
    yield note(
        f"How wide the interval of the difference in {safe_name(metric.label)} would be with other "
        "numbers of seeds, if the differences keep their present spread. A width decides nothing: "
        "a true difference as large as half the width is found in only about half of all studies. "
        "The seeds needed are those with which 80 % of studies would decide, if mean and spread "
        "so far were the true ones; they also use that equivalence rests on the 90 % interval. "
        "This is only a plan: both are estimates."
    )
    images = " on the same test images" if metric.images else ""
    dashed = ", the dashed line is the study's margin" if margin else ""
    yield Figure(
        "more-seeds",
        f"Half width of the interval for the mean over all seeds{images}. The marks are at the "
        f"present number of seeds{dashed}." + cells.left_out(len(drawn), len(known), "variations"),
        f"Half width of the interval in {safe_name(metric.label)} against the number of seeds, now "
        f"{words.listed(now)} {unit}".rstrip()
        + "; it falls with the square root of the seeds.",
        lambda width: more_seeds(plans, unit, margin, most, width),
    )
    yield Table(
        f"Half width of the interval{f' in {unit}' if unit else ''}",
        ("", "Seeds now", "Now", "Twice the seeds", "Four times", "Seeds needed"),
        [(c.variation, _cells(c)) for c in known],
    )


def _planned(c: Comparison) -> Plan:
    assert c.sd is not None, "only comparisons with a spread are planned"
    return Plan(c.variation, c.n_seeds, c.sd * difference_of(c.metric).scale, c.level)


def _widths(metric: Metric) -> Unit:
    """How half widths are written: with one digit more than values."""
    return Unit(metric.digits + (metric.written != "number"))


def _axis(drawn: Sequence[Comparison]) -> int:
    wanted = [2 * c.n_seeds for c in drawn]
    wanted += [
        round(1.2 * c.seeds_needed.seeds)
        for c in drawn
        if c.seeds_needed and c.seeds_needed.seeds and c.seeds_needed.seeds <= MOST_AXIS
    ]
    return max(LEAST_AXIS, FEWEST + 1, *wanted)


def _cells(c: Comparison) -> list[Cell]:
    plan, width_of = _planned(c), _widths(c.metric)
    widths = (f"± {width_of.number(plan.half_width(k * c.n_seeds))}" for k in (1, 2, 4))
    return [Cell(text) for text in (str(c.n_seeds), *widths, _outcome(c))]


def _outcome(c: Comparison) -> str:
    return cells.marked(c.verdict) if c.verdict != "undecided" else cells.seeds_needed(c)


def _path(compared: StudyComparison, looks: Sequence[int]) -> Iterator[Block]:
    """How each variation came to its verdict, look by look."""
    level = nominal_level(looks)
    yield Heading("Look by look")
    yield Paragraph(
        f"Seeds are added until a look decides: looks at {words.listed([str(n) for n in looks])} "
        f"seeds, declared before the first run. Each look tests at {100 * level:.2g} %, so that "
        "all of them together have an error rate of 5 %; the intervals are widened to match. A "
        "variation that has its verdict gets no more seeds."
    )
    seed_paths, metric = compared.seed_paths, compared.values.primary
    yield from _path_figure(seed_paths, metric)
    yield Table(
        f"{cells.label(metric)} at each look; p is adjusted for all looks and variations",
        ("", "Seeds", "Difference", "p", "Verdict", "Next"),
        [row for name, seed_path in seed_paths.items() for row in _rows(name, seed_path)],
    )


def _path_figure(seed_paths: Mapping[str, SeedPath], metric: Metric) -> Iterator[Figure]:
    begun = {
        name: seed_path
        for name, seed_path in seed_paths.items()
        if any(c.estimate is not None for c in seed_path.path)
    }
    if not begun:
        return
    drawn = dict(list(begun.items())[: cells.MOST_VARIATIONS])
    panels = [
        cells.panel(
            name, metric, [(f"{c.n_seeds} seeds", c) for c in of.path if c.estimate is not None]
        )
        for name, of in drawn.items()
    ]
    ends = [f"{name} {seed_path.path[-1].verdict}" for name, seed_path in drawn.items()]
    yield Figure(
        "looks",
        "The estimate and its interval at each look; the gray band is the margin."
        + cells.left_out(len(drawn), len(begun), "variations"),
        f"Difference in {safe_name(metric.label)} at each look: {words.listed(ends)}.",
        lambda width: intervals(panels, width),
    )


def _rows(name: str, seed_path: SeedPath) -> Iterator[Row]:
    if not seed_path.path:
        yield name, [*[Cell(words.NONE)] * 4, Cell(_next(seed_path))]
    for c in seed_path.path:
        row = [
            Cell(str(c.n_seeds)),
            Cell(cells.estimate(c)),
            Cell(p_value(c.p_adjusted), cells.equivalence(c)),
            cells.verdict_mark(c.verdict),
            Cell(_next(seed_path) if c is seed_path.path[-1] else "more seeds"),
        ]
        yield name, row


def _next(seed_path: SeedPath) -> str:
    if seed_path.next_look is not None:
        return f"look at {seed_path.next_look} seeds"
    return "decided" if seed_path.decided else "no seeds left"
