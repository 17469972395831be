"""The audit of a published report: all that its confusion matrices can show, and no more."""

from dataclasses import dataclass
from typing import Literal

from paribus.audit.differences import (
    POINT,
    Difference,
    differences,
    seeds_for,
    smallest_resolvable,
)
from paribus.audit.figures import Network, PrintedFigure, networks, printed_figures
from paribus.audit.rankings import Checked, Ends, Rank, check, ends, ranks
from paribus.audit.spec import Published
from paribus.stats.power import SeedsNeeded

#: Where it wasn't measured: one percentage point.
ASSUMED_SPREAD = 0.01


@dataclass(frozen=True)
class Spread:
    """Standard deviation over paired seeds of the difference in test accuracy.

    Attributes:
        value: 0.01 is one percentage point.
        source: who says so.
    """

    value: float
    source: Literal["assumed", "the file", "the command"]


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        title: of the report.
        networks: the trained network of each setting, the baseline's first.
        printed: every printed figure, whether it follows or not.
        ends: best and worst classes of each setting by each metric.
        ranks: worst and best class of each setting by recall, and whether they are certain.
        spread: that everything about settings (not networks) rests on.
        smallest_resolvable: the difference between one run each that chance alone exceeds in
            5 % of cases under that spread.
        seeds_for_a_point: paired seeds that would show a difference of one point.
        differences: each variation against the baseline.
        observations: each with what the matrices say of it.
    """

    title: str
    networks: tuple[Network, ...]
    printed: tuple[PrintedFigure, ...]
    ends: tuple[Ends, ...]
    ranks: tuple[Rank, ...]
    spread: Spread
    smallest_resolvable: float
    seeds_for_a_point: SeedsNeeded | None
    differences: tuple[Difference, ...]
    observations: tuple[Checked, ...]

    @property
    def sound(self) -> bool:
        """Whether every printed figure follows and every claim that could be checked holds."""
        figures = all(figure.follows for figure in self.printed)
        return figures and all(of.outcome != "fails" for of in self.observations)


def audit(published: Published, spread: float | None = None) -> Audit:
    """Audit a published report.

    Args:
        published: its matrices, and what it prints and concludes from them.
        spread: in place of the one that it states, or of the assumed one.
    """
    trained = networks(published)
    stated = _spread(published, spread)
    variations = len(trained) - 1
    return Audit(
        title=published.title,
        networks=trained,
        printed=printed_figures(published, trained),
        ends=ends(trained),
        ranks=ranks(trained),
        spread=stated,
        smallest_resolvable=smallest_resolvable(stated.value),
        seeds_for_a_point=seeds_for(POINT, stated.value, variations) if variations else None,
        differences=differences(trained, stated.value),
        observations=check(published, trained),
    )


def _spread(published: Published, given: float | None) -> Spread:
    if given is not None:
        return Spread(given, "the command")
    if published.spread is not None:
        return Spread(float(published.spread), "the file")
    return Spread(ASSUMED_SPREAD, "assumed")
