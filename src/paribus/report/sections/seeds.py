"""Whether more seeds would help and, if they are added until decided, the path so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from paribus.comparison.compare import Comparison
from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.answer import next_step
from paribus.narrative.numbers import difference_of, p_value
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Row, Table, note
from paribus.report.charts.intervals import intervals
from paribus.report.sections import cells
from paribus.report.sections.course import seed_by_seed
from paribus.results import Results
from paribus.stats.multiplicity import nominal_level


def seeds(results: Results) -> Iterator[Block]:
    """How many seeds would decide each comparison, and the path of a study that adds seeds."""
    compared = results.compared
    if not results.variations or compared is None or not compared.primary:
        return
    step = words.typeset(next_step(compared, elsewhere=not results.study.is_run_here)).removeprefix(
        "Next: "
    )
    yield Paragraph(f"{step[0].upper()}{step[1:]}")
    known = [c for c in compared.primary if c.n_seeds > 1 and not c.anytime]
    if known:
        yield from _needed(known, results.primary)
    if results.study.looks is not None and not compared.anytime:
        yield from _path(compared, results.study.looks)
    if results.study.one_by_one:
        yield from seed_by_seed(compared, results.study.most_seeds)


def _needed(known: Sequence[Comparison], metric: Metric) -> Iterator[Block]:
    """One number for each question: the seeds that would decide it."""
    yield Table(
        f"{cells.label(metric)}: seeds so far, and those with which 80 % of studies would decide",
        ("", "Seeds now", "Half of the interval now", "Seeds needed", "Which would show"),
        [(c.variation, _cells(c)) for c in known],
    )
    yield note(
        "Seeds needed are those of a new study that declares them before its first run, if mean "
        "and spread of the differences so far were the true ones. Both are estimates, so this is "
        "only a plan. More seeds added to this study after its results were seen are tested more "
        "strictly, which takes more of them."
    )


def _cells(c: Comparison) -> list[Cell]:
    half = words.NONE
    if c.low is not None and c.high is not None and c.metric.compare != "ratio":
        digits = c.metric.digits + (c.metric.written != "number")
        unit = replace(difference_of(c.metric), digits=digits, plus=False)
        half = f"± {unit.value((c.high - c.low) / 2)}"
    return [
        Cell(str(c.n_seeds)),
        Cell(half, cells.level(c)),
        Cell(_outcome(c)),
        Cell(cells.goal(c) or words.NONE),
    ]


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
