"""What more seeds would buy, and, where seeds are added until decided, the path so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from paribus.comparison.compare import Comparison
from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison
from paribus.report import figures, words
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Section, Table
from paribus.report.intervals import Mark, Panel, intervals
from paribus.report.more_seeds import FEWEST, Plan, more_seeds
from paribus.report.sections.numbers import (
    MOST_VARIATIONS,
    TALL,
    beyond_margin,
    found,
    p_value,
    seeds_needed,
)
from paribus.report.summary import Summary
from paribus.report.verdicts import marked, tone
from paribus.stats.intervals import half_width
from paribus.stats.looks import nominal_level

#: The axis of seeds ends between these, and at twice the present ones at least.
LEAST_AXIS, MOST_AXIS = 20, 100


def seeds(summary: Summary) -> Section:
    """The half width of the interval against seeds, and the looks of a study that has them."""
    title = "What more seeds would buy"
    compared = summary.findings.compared
    known = [c for c in compared.primary if c.sd and c.n_seeds > 1] if compared else []
    blocks: list[Block] = []
    if known:
        blocks += _buy(known, summary.study.margin)
    else:
        text = "It takes two paired seeds that differ to tell what more of them would buy."
        blocks.append(Paragraph(text))
    if compared is not None and not isinstance(summary.study.seeds, int):
        blocks += _path(compared, summary.study.seeds.looks)
    return Section("seeds", title, blocks)


def _buy(known: Sequence[Comparison], margin: float) -> Iterator[Block]:
    drawn = known[:MOST_VARIATIONS]
    plans = [Plan(c.variation, c.n_seeds, c.sd, c.level) for c in drawn if c.sd]
    most = _axis(drawn)
    wide, narrow = figures.both(lambda width: more_seeds(plans, margin, most, width))
    left = f" {len(drawn)} of {len(known)} variations; the table has all." * (
        len(drawn) < len(known)
    )
    points = words.Unit(2, scale=100)
    said = [f"{p.variation} {points.number(_half(p, p.n_seeds))} points" for p in plans]
    yield Paragraph(
        "How wide the interval of the difference in test accuracy would be with other numbers of "
        "seeds, if the differences went on to spread as they have so far. A difference as large "
        "as the half width is about what so many seeds can just show; an equivalence needs it "
        "below the margin. It is a plan, not a promise: the spread is itself an estimate.",
        quiet=True,
    )
    yield Figure(
        "more-seeds",
        "Half width of the interval for new seeds on these test images. The mark is at the "
        f"seeds there are, the dashed line at the margin of the study.{left}",
        f"Half width of the interval in test accuracy against the number of seeds, now "
        f"{words.listed(said)}; it falls with the square root of the seeds.",
        wide,
        narrow,
    )
    yield Table(
        "Half width of the interval in points",
        ("", "Seeds now", "Now", "Twice the seeds", "Four times", "Would decide"),
        tuple((c.variation, _row(c)) for c in known),
        tall=len(known) > TALL,
    )


def _axis(drawn: Sequence[Comparison]) -> int:
    wanted = [2 * c.n_seeds for c in drawn]
    wanted += [
        round(1.2 * c.seeds_needed.seeds)
        for c in drawn
        if c.seeds_needed and c.seeds_needed.seeds and c.seeds_needed.seeds <= MOST_AXIS
    ]
    return max(LEAST_AXIS, FEWEST + 1, *wanted)


def _half(plan: Plan, n: int) -> float:
    return float(half_width(n, plan.sd, plan.level))


def _row(c: Comparison) -> tuple[Cell, ...]:
    assert c.sd is not None, "only comparisons with a spread are planned"
    plan, points = Plan(c.variation, c.n_seeds, c.sd, c.level), words.Unit(2, scale=100)
    decided = marked(c.verdict) if c.verdict != "undecided" else ""
    return (
        Cell(str(c.n_seeds)),
        *(Cell(f"± {points.number(_half(plan, k * c.n_seeds))}") for k in (1, 2, 4)),
        Cell(decided or seeds_needed(c)),
    )


# ---- looks --------------------------------------------------------------------------------------


def _path(compared: StudyComparison, looks: Sequence[int]) -> Iterator[Block]:
    """How each variation came to its verdict, look by look."""
    level = nominal_level(looks)
    yield Heading("Look by look")
    yield Paragraph(
        f"Seeds were added until a look decided: looks at {words.listed([str(n) for n in looks])} "
        f"seeds, declared before the first run. Each look tests at {100 * level:.2g} %, so that "
        "all of them together err with 5 %; the intervals are as wide as that demands. After a "
        "verdict a variation gets no more seeds."
    )
    seed_paths = compared.seed_paths
    yield from _path_figure(seed_paths)
    yield Table(
        "Test accuracy at each look; p allows for all looks and variations",
        ("", "Seeds", "Difference", "p", "Verdict", "Then"),
        tuple(row for name, seed_path in seed_paths.items() for row in _rows(name, seed_path)),
        tall=sum(len(seed_path.path) for seed_path in seed_paths.values()) > TALL,
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
    wide, narrow = figures.both(lambda width: intervals(panels, width))
    left = f" {len(drawn)} of {len(begun)} variations; the table has all." * (
        len(drawn) < len(begun)
    )
    ends = [f"{name} {seed_path.path[-1].verdict}" for name, seed_path in drawn.items()]
    yield Figure(
        "looks",
        f"The estimate and its interval at each look; the gray band is the margin.{left}",
        f"Difference in test accuracy at each look: {words.listed(ends)}.",
        wide,
        narrow,
    )


def _panel(name: str, seed_path: SeedPath) -> Panel:
    marks = []
    for c in seed_path.path:
        if c.estimate is not None:
            low, high = (None if end is None else 100 * end for end in (c.low, c.high))
            marks.append(Mark(f"{c.n_seeds} seeds", 100 * c.estimate, low, high, c.verdict))
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
                Cell(p_value(c.p_adjusted), beyond_margin(c)),
                Cell(marked(c.verdict), tone=tone(c.verdict)),
                Cell(_next(seed_path) if last else "more seeds"),
            ),
        )


def _next(seed_path: SeedPath) -> str:
    if seed_path.next_look is not None:
        return f"{seed_path.next_look} seeds are next"
    return "decided" if seed_path.decided else "the budget is spent"
