"""Seeds one by one: how each variation came to its verdict, seed by seed."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.answer import verdict_of
from paribus.narrative.numbers import difference_of, p_value
from paribus.report.blocks import Block, Cell, Figure, Heading, Paragraph, Table
from paribus.report.charts.course import Path, courses
from paribus.report.sections import cells
from paribus.stats.anytime import course
from paribus.study.config import FIRST_STOP


def seed_by_seed(compared: StudyComparison, most: int) -> Iterator[Block]:
    """The interval after each seed, and where every variation stands."""
    metric = compared.values.primary
    yield Heading("Seed by seed")
    yield Paragraph(
        f"Seeds are added one by one until a comparison is decided, at most {most}; the first "
        f"decision can fall at {FIRST_STOP} seeds. The test is valid at any time: whenever one "
        "stops, a false verdict has a probability of at most 5 %, and the intervals after all "
        "numbers of seeds hold the truth together with 95 %. A variation that has its verdict gets "
        "no more seeds."
    )
    yield from _figure(compared.seed_paths, metric)
    yield Table(
        f"{cells.label(metric)} where each variation stopped; p is adjusted for all variations",
        ("", "Seeds", "Difference", "p", "Verdict", "Next"),
        [(name, _cells(path)) for name, path in compared.seed_paths.items()],
    )


def _cells(path: SeedPath) -> list[Cell]:
    following = "decided" if path.decided else "no seeds left"
    if path.next_look is not None:
        following = f"seed {path.next_look}"
    if not path.path:
        return [*[Cell(words.NONE)] * 4, Cell(following)]
    (c,) = path.path
    return [
        Cell(str(c.n_seeds)),
        Cell(cells.estimate(c)),
        Cell(p_value(c.p_adjusted), cells.equivalence(c)),
        cells.verdict_mark(verdict_of(c)),
        Cell(following),
    ]


def _figure(seed_paths: Mapping[str, SeedPath], metric: Metric) -> Iterator[Figure]:
    paths = {name: path for name, of in seed_paths.items() if (path := _path(name, of, metric))}
    if not paths:
        return
    drawn = [*paths.values()][: cells.MOST_VARIATIONS]
    unit = difference_of(metric)
    axis = f"difference in {safe_name(unit.sign)}" if unit.sign else "difference"
    margin = None if metric.margin is None or unit.ratio else metric.margin * unit.scale
    ends = [f"{path.variation} {seed_paths[path.variation].path[-1].verdict}" for path in drawn]
    yield Figure(
        "seed-by-seed",
        "The estimate and its interval after each seed, from the first number of seeds that bounds "
        "the difference; the gray band is the margin."
        + cells.left_out(len(drawn), len(paths), "variations"),
        f"Difference in {safe_name(metric.label)} seed by seed: {words.listed(ends)}.",
        lambda width: courses(
            drawn,
            "times the baseline's" if unit.ratio else axis,
            1.0 if unit.ratio else 0.0,
            margin,
            width,
        ),
    )


def _path(name: str, of: SeedPath, metric: Metric) -> Path | None:
    """What to draw of a variation; None before any number of seeds bounds the difference."""
    if of.d is None or not of.path or not len(of.d):
        return None
    seen, unit = course(of.d, ranks=metric.compare == "ranks"), difference_of(metric)
    bounded = np.flatnonzero(np.isfinite(seen.low) & np.isfinite(seen.high))
    if not len(bounded):
        return None

    def shown(values: np.typing.NDArray[np.float64]) -> list[float]:
        scaled = (math.exp(x) if unit.ratio else unit.scale * x for x in values[bounded].tolist())
        return list(scaled)

    ends = shown(seen.estimate), shown(seen.low), shown(seen.high)
    return Path(name, (bounded + 1).tolist(), *ends)
