"""The audit of a published report: all that its confusion matrices can show, and no more."""

from dataclasses import dataclass
from typing import Literal

from paribus.audit.networks import (
    POINT,
    Difference,
    Network,
    PrintedFigure,
    differences,
    networks,
    printed_figures,
    seeds_for,
    smallest_resolvable,
)
from paribus.audit.rankings import Checked, Ends, Rank, check, ends, ranks
from paribus.audit.spec import Published
from paribus.stats.power import SeedsNeeded

#: Where it wasn't measured: one percentage point.
ASSUMED_SPREAD = 0.01


@dataclass(frozen=True)
class Spread:
    """Standard deviation over paired seeds of the difference in test accuracy, and who says so."""

    value: float
    source: Literal["assumed", "the file", "the command"]


@dataclass(frozen=True)
class Audit:
    """All that an audit can show; the baseline's network is the first.

    Everything about settings (not networks) rests on `spread`: under it, `smallest_resolvable` is
    the difference between one run each that chance alone exceeds in 5 % of cases.
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
    """Audit a published report; `spread` goes before the one that it states, or the assumed one."""
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
