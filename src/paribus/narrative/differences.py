"""What a variation changes, in sentences that say no more than their verdict."""

from __future__ import annotations

from dataclasses import dataclass

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.narrative.headline import interval_of
from paribus.narrative.numbers import Quantity, difference_of, over_seeds, p_in_words
from paribus.narrative.observation import MOST_NAMED, Observation, left_out

TABLE = "tables/comparisons.csv"


@dataclass(frozen=True)
class _Saying:
    """How the outcomes on a metric are said: "batch-norm takes longer to train"."""

    topic: str
    above: str
    below: str
    whether: str
    figure: str


#: Metrics that are said in one sentence a variation, in this order.
_SAYINGS = {
    "test_loss": _Saying(
        "Test loss",
        "has the higher test loss",
        "has the lower test loss",
        "changes the test loss",
        "comparison",
    ),
    "epochs_to_loss": _Saying(
        "Speed of learning",
        "learns more slowly",
        "learns faster",
        "learns faster or more slowly",
        "loss",
    ),
    "train_seconds": _Saying(
        "Training time",
        "takes longer to train",
        "takes less time to train",
        "takes longer or less time to train",
        "comparison",
    ),
    "roughness": _Saying(
        "Smoothness before overfitting",
        "has the rougher validation curve until overfitting starts",
        "has the smoother validation curve until overfitting starts",
        "smooths or roughens the validation curve until overfitting starts",
        "loss",
    ),
}


def on_differences(compared: StudyComparison) -> list[Observation]:
    """One observation a metric of `_SAYINGS` that has been tested."""
    return [
        _on_metric(saying, tested, compared.values.baseline)
        for metric, saying in _SAYINGS.items()
        if (tested := [c for c in compared.on(metric) if c.p is not None])
    ]


def _on_metric(saying: _Saying, tested: list[Comparison], baseline: str) -> Observation:
    said = [_difference(saying, c, baseline) for c in tested[:MOST_NAMED]]
    return Observation(
        saying.topic,
        (*said, *left_out(len(tested), TABLE)),
        {c.variation: numbers_of(c) for c in tested},
        saying.figure,
    )


def _difference(saying: _Saying, c: Comparison, baseline: str) -> str:
    p = p_in_words(c.p_adjusted)
    if c.verdict == "undecided":
        if c.estimate == 0 and c.low is None:
            return f"{c.variation} and {baseline} are the same in {c.metric.label} in every seed."
        return f"Whether {c.variation} {saying.whether} is undecided: {found(c)} ({p})."
    if c.verdict == "equivalent":
        same = f"{c.variation} and {baseline} are equivalent in {c.metric.label}"
        return f"{same}: {found(c)} ({p_in_words(c.p_equivalence_adjusted)})."
    above = c.difference is not None and c.difference > 0
    return f"{c.variation} {saying.above if above else saying.below}: {found(c)} ({p})."


def found(c: Comparison) -> str:
    """The estimate with its interval, unit and seeds; a ratio as "1.2 [1.1, 1.3] times"."""
    quantity = (
        Quantity("times the baseline's") if c.metric.compare == "ratio" else difference_of(c.metric)
    )
    return f"{quantity.found(interval_of(c))} {over_seeds(c.n_seeds)}"


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
