"""The one-sided verdicts that a study's claims ask for."""

from paribus.metrics.metric import Metric
from paribus.stats.sample import Asked
from paribus.study.claims import Direction
from paribus.study.spec import Question


def asked_of(study: Question, variation: str, metric: Metric) -> Asked | None:
    """What claims ask of a variation against the baseline on a metric, beside a difference.

    `not worse` or `not better`, if a claim expects it with the margin that the metric has anyway;
    the first one of several. A claim with a margin of its own has its own test alone.
    """
    for claim in study.claims:
        test = claim.test
        if (
            isinstance(test, Direction)
            and (test.setting, test.against, test.metric)
            == (variation, study.baseline, metric.name)
            and test.margin in (None, metric.margin)
        ):
            if test.expect == "not_worse":
                return "not worse"
            if test.expect == "not_better":
                return "not better"
    return None
