"""What a variation changes, in sentences that say no more than their verdict."""

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric, Wording
from paribus.metrics.registry import built_in
from paribus.narrative.headline import interval_of
from paribus.narrative.numbers import Unit, difference_of, over_seeds, p_in_words
from paribus.narrative.observation import MOST_NAMED, Observation, left_out

TABLE = "tables/comparisons.csv"

#: A ratio to the baseline.
_TIMES = Unit(sign="times the baseline's")


def on_differences(compared: StudyComparison) -> list[Observation]:
    """One observation for each tested metric that has a wording, or is the study's own.

    The primary metric is left to `on_best_setting`.
    """
    told = [
        metric
        for metric in compared.values.metrics.values()
        if metric != compared.values.primary and (metric.wording or not built_in(metric.name))
    ]
    return [
        _on_metric(metric, tested, compared.values.baseline)
        for metric in told
        if (tested := [c for c in compared.on(metric.name) if c.p is not None])
    ]


def _on_metric(metric: Metric, tested: list[Comparison], baseline: str) -> Observation:
    wording = metric.wording or in_general(metric.label)
    sentences = [_difference(wording, c, baseline) for c in tested[:MOST_NAMED]]
    return Observation(
        wording.topic,
        (*sentences, *left_out(len(tested), TABLE)),
        {c.variation: numbers_of(c) for c in tested},
        metric.figure,
    )


def in_general(label: str) -> Wording:
    """How the outcomes on a metric are put that has no words of its own."""
    return Wording(
        label[0].upper() + label[1:],
        f"has the higher {label}",
        f"has the lower {label}",
        f"changes the {label}",
    )


def _difference(wording: Wording, c: Comparison, baseline: str) -> str:
    p = p_in_words(c.p_adjusted)
    if c.verdict == "undecided":
        if c.difference == 0 and c.low is None:
            return f"{c.variation} and {baseline} have the same {c.metric.label} in every seed."
        return f"Whether {c.variation} {wording.whether} is undecided: {estimate_of(c)} ({p})."
    if c.verdict == "equivalent":
        same = f"{c.variation} and {baseline} are equivalent in {c.metric.label}"
        return f"{same}: {estimate_of(c)} ({p_in_words(c.p_equivalence_adjusted)})."
    above = c.difference is not None and c.difference > 0
    outcome = wording.above if above else wording.below
    return f"{c.variation} {outcome}: {estimate_of(c)} ({p})."


def estimate_of(c: Comparison) -> str:
    """The estimate with its interval, unit and seeds."""
    unit = _TIMES if c.metric.compare == "ratio" else difference_of(c.metric)
    return f"{unit.estimate(interval_of(c))} {over_seeds(c.n_seeds)}"


def numbers_of(c: Comparison) -> dict[str, float | None]:
    """The numbers behind a sentence on a comparison."""
    return {
        "estimate": c.estimate,
        "low": c.low,
        "high": c.high,
        "p_adjusted": c.p_adjusted,
        "p_equivalence_adjusted": c.p_equivalence_adjusted,
        "n_seeds": c.n_seeds,
    }
