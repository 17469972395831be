"""Whether more seeds would help and, if they are added until decided, the path so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison
from paribus.narrative import words
from paribus.narrative.numbers import Unit, p_value
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Section, Table
from paribus.report.charts.intervals import FEWEST, Mark, Panel, Plan, intervals, more_seeds
from paribus.report.sections.cells import (
    MOST_VARIATIONS,
    equivalence,
    found,
    left_out,
    marked,
    seeds_needed,
    tone,
)
from paribus.results import Results
from paribus.stats.looks import nominal_level

#: The axis of seeds ends between these, and at twice the present ones at least.
LEAST_AXIS, MOST_AXIS = 20, 100


def seeds(results: Results) -> Section:
    """The half width of the interval against seeds, and the looks of a study that has them."""
    compared = results.compared
    known = [c for c in compared.primary if c.sd and c.n_seeds > 1] if compared else []
    blocks: list[Block] = []
    if known:
        blocks += _plan(known, results.study.margin)
    else:
        text = "To tell, at least two paired seeds with different results are needed."
        blocks.append(Paragraph(text))
    if compared is not None and not isinstance(results.study.seeds, int):
        blocks += _path(compared, results.study.seeds.looks)
    return Section("seeds", blocks)


def _plan(known: Sequence[Comparison], margin: float | None) -> Iterator[Block]:
    drawn = known[:MOST_VARIATIONS]
    plans = [Plan(c.variation, c.n_seeds, c.sd, c.level) for c in drawn if c.sd]
    most = _axis(drawn)
    points = Unit(2)
    now = [f"{plan.variation} {points.number(plan.half_width(plan.n_seeds))}" for plan in plans]
    yield Paragraph(
        "How wide the interval of the difference in test accuracy would be with other numbers of "
        "seeds, if the differences keep their present spread. The half width is about the smallest "
        "difference that so many seeds can show; to show equivalence, it must be below the margin. "
        "This is only a plan: the spread is itself an estimate.",
        quiet=True,
    )
    yield Figure.drawn(
        "more-seeds",
        "Half width of the interval over new seeds on the same test images. The marks are at the "
        "present number of seeds, the dashed line is the study's margin."
        + left_out(len(drawn), len(known), "variations"),
        "Half width of the interval in test accuracy against the number of seeds, now "
        f"{words.listed(now)} points; it falls with the square root of the seeds.",
        lambda width: more_seeds(plans, margin or 0.0, most, width),
    )
    yield Table(
        "Half width of the interval in points",
        ("", "Seeds now", "Now", "Twice the seeds", "Four times", "Seeds needed"),
        tuple((c.variation, _row(c)) for c in known),
    )


def _axis(drawn: Sequence[Comparison]) -> int:
    wanted = [2 * c.n_seeds for c in drawn]
    wanted += [
        round(1.2 * c.seeds_needed.seeds)
        for c in drawn
        if c.seeds_needed and c.seeds_needed.seeds and c.seeds_needed.seeds <= MOST_AXIS
    ]
    return max(LEAST_AXIS, FEWEST + 1, *wanted)


def _row(c: Comparison) -> tuple[Cell, ...]:
    assert c.sd is not None, "only comparisons with a spread are planned"
    plan, points = Plan(c.variation, c.n_seeds, c.sd, c.level), Unit(2)
    decided = marked(c.verdict) if c.verdict != "undecided" else ""
    return (
        Cell(str(c.n_seeds)),
        *(Cell(f"± {points.number(plan.half_width(k * c.n_seeds))}") for k in (1, 2, 4)),
        Cell(decided or seeds_needed(c)),
    )


# ---- looks --------------------------------------------------------------------------------------


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
    seed_paths = compared.seed_paths
    yield from _path_figure(seed_paths)
    yield Table(
        "Test accuracy at each look; p is adjusted for all looks and variations",
        ("", "Seeds", "Difference", "p", "Verdict", "Next"),
        tuple(row for name, seed_path in seed_paths.items() for row in _rows(name, seed_path)),
    )


def _path_figure(seed_paths: Mapping[str, SeedPath]) -> Iterator[Figure]:
    begun = {
        name: seed_path
        for name, seed_path in seed_paths.items()
        if any(c.estimate is not None for c in seed_path.path)
    }
    if not begun:
        return
    drawn = dict(list(begun.items())[:MOST_VARIATIONS])
    panels = [_panel(name, seed_path) for name, seed_path in drawn.items()]
    ends = [f"{name} {seed_path.path[-1].verdict}" for name, seed_path in drawn.items()]
    yield Figure.drawn(
        "looks",
        "The estimate and its interval at each look; the gray band is the margin."
        + left_out(len(drawn), len(begun), "variations"),
        f"Difference in test accuracy at each look: {words.listed(ends)}.",
        lambda width: intervals(panels, width),
    )


def _panel(name: str, seed_path: SeedPath) -> Panel:
    marks = []
    for c in seed_path.path:
        if c.estimate is not None:
            low, high = (None if end is None else 100 * end for end in (c.low, c.high))
            marks.append(Mark(f"{c.n_seeds} seeds", c.verdict, 100 * c.estimate, low, high))
    margin = seed_path.path[-1].metric.margin
    margin_points = None if margin is None else 100 * margin
    return Panel(name, "difference in points", tuple(marks), margin=margin_points)


def _rows(name: str, seed_path: SeedPath) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    if not seed_path.path:
        yield name, (*(Cell(words.NONE) for _ in range(4)), Cell(_next(seed_path)))
    for number, c in enumerate(seed_path.path):
        last = number == len(seed_path.path) - 1
        yield (
            name,
            (
                Cell(str(c.n_seeds)),
                Cell(found(c)),
                Cell(p_value(c.p_adjusted), equivalence(c)),
                Cell(marked(c.verdict), tone=tone(c.verdict)),
                Cell(_next(seed_path) if last else "more seeds"),
            ),
        )


def _next(seed_path: SeedPath) -> str:
    if seed_path.next_look is not None:
        return f"look at {seed_path.next_look} seeds"
    return "decided" if seed_path.decided else "no seeds left"
