"""What the comparisons of a study can show with its seeds, before anything is trained."""

from dataclasses import dataclass

from paribus.metrics.metric import Metric
from paribus.metrics.registry import PRIMARY
from paribus.stats.detectable import (
    Design,
    chance_of_difference,
    chance_of_equivalence,
    fewest_by_ranks,
    smallest_difference,
)
from paribus.stats.intervals import ALPHA
from paribus.stats.power import MOST_SEEDS, seeds_needed
from paribus.study.metrics import study_metrics
from paribus.study.spec import Planned

#: Standard deviation over seeds of the difference of two settings' accuracies, as `paribus audit`
#: assumes it: 0.6 to 1.2 points in docs/reference and in studies/digits.yaml.
SPREAD = 0.01


@dataclass(frozen=True)
class Expected:
    """What can be expected of a study's comparisons on its primary metric.

    Chances are shares of studies. Those that need a spread take `spread`, and are None where there
    is none: of a metric that isn't a share of right answers, or compared by ranks.

    Attributes:
        metric: the primary one, with the margin that the study declares.
        test: how many test images there are.
        design: seeds (at most, where they are added) and level; None if there is nothing to
            compare, or the seeds aren't paired.
        spread: the assumed standard deviation of the paired differences.
        smallest: the difference that 80 % of studies would show, in units of the metric.
        smallest_sd: the same in standard deviations; None if none can be shown, or by ranks.
        chance_at_margin: that a true difference as large as the margin is shown.
        chance_of_equivalence: that a variation which changes nothing is shown to be equivalent.
        seeds_for_margin: with which 80 % of studies would show a difference as large as the margin.
        fewest_by_ranks: seeds from which tests by ranks and signs can show anything.
    """

    metric: str
    label: str
    margin: float | None
    test: int
    variations: int
    design: Design | None = None
    spread: float | None = None
    smallest: float | None = None
    smallest_sd: float | None = None
    chance_at_margin: float | None = None
    chance_of_equivalence: float | None = None
    seeds_for_margin: int | None = None
    fewest_by_ranks: int | None = None

    @property
    def of_images(self) -> bool:
        """Whether the metric is a share of the test images."""
        return self.metric == PRIMARY

    @property
    def images_in_margin(self) -> float | None:
        """How many test images the margin is; None where that isn't known."""
        return self.margin * self.test if self.margin and self.test and self.of_images else None


def expected(study: Planned, test: int) -> Expected:
    """What a study with so many test images can show; 0 where their number isn't known."""
    metric = study_metrics(study, ())[study.primary]
    k = len(study.variations)
    known = Expected(metric.name, metric.label, metric.margin, test, k)
    if not k or not study.paired:
        return known
    design = Design(study.most_seeds, ALPHA / k, study.looks, study.one_by_one)
    return _with_chances(known, metric, design)


def _with_chances(known: Expected, metric: Metric, design: Design) -> Expected:
    by_ranks = metric.compare == "ranks"
    spread = SPREAD if known.of_images else None
    least = None if by_ranks else smallest_difference(design)
    margin = None if spread is None or metric.margin is None else metric.margin / spread
    needed = None if margin is None else seeds_needed(margin, 1.0, None, design.alpha)
    return Expected(
        known.metric,
        known.label,
        known.margin,
        known.test,
        known.variations,
        design,
        spread,
        None if spread is None or least is None else least * spread,
        least,
        None if margin is None else chance_of_difference(design, margin),
        None if margin is None else chance_of_equivalence(design, margin),
        None if needed is None else needed.seeds or MOST_SEEDS + 1,
        fewest_by_ranks(design),
    )
