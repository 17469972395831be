"""Which setting is best on the study's primary metric, in sentences."""

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric
from paribus.narrative.differences import TABLE, estimate_of, numbers_of
from paribus.narrative.headline import size
from paribus.narrative.numbers import difference_of, over_seeds, p_in_words, value_of
from paribus.narrative.observation import MOST_NAMED, Observation, left_out
from paribus.narrative.words import listed


def on_best_setting(compared: StudyComparison) -> list[Observation]:
    """Which setting has the best mean of the primary metric, and what of that is shown."""
    means = _means(compared)
    baseline = compared.values.baseline
    if len(means) < 2 or baseline not in means:
        return []
    tested = [c for c in compared.primary if c.p is not None]
    numbers: dict[str, dict[str, float | None]] = {
        name: {"mean": mean} for name, mean in means.items()
    }
    for c in tested:
        numbers[c.variation] |= numbers_of(c)
    sentences = _on_best(compared, means, tested) if tested else _on_networks(compared, means)
    return [Observation("Best setting", tuple(sentences), numbers, "answer")] if sentences else []


def _means(compared: StudyComparison) -> dict[str, float]:
    """The mean of the primary metric in every setting that has a value of it."""
    columns = {
        name: setting.of(compared.values.primary.name)
        for name, setting in compared.values.settings.items()
    }
    known = {name: column[np.isfinite(column)] for name, column in columns.items()}
    return {name: float(column.mean()) for name, column in known.items() if len(column)}


def _on_networks(compared: StudyComparison, means: dict[str, float]) -> list[str]:
    """On one trained network of each setting; nothing where tests are yet to come."""
    if any(setting.finished.sum() > 1 for setting in compared.values.settings.values()):
        return []
    metric = compared.values.primary
    best = _best(metric, means)
    networks = "network of" if len(best) == 1 else "networks of"
    return [
        f"The {networks} {_has_best(metric, best, means)}. More than one seed is needed to tell "
        "whether the settings differ."
    ]


def _on_best(
    compared: StudyComparison, means: dict[str, float], tested: list[Comparison]
) -> list[str]:
    metric, baseline = compared.values.primary, compared.values.baseline
    best = _best(metric, means)
    first = f"{_has_best(metric, best, means, 'mean ')}."
    if best[0] == baseline:
        return [first, *_against_baseline(tested, baseline)]
    winner = next((c for c in tested if c.variation == best[0]), None)
    sentences = [first, *_against_baseline([winner] if winner else [], baseline)]
    ahead = {"higher": "better", "lower": "better", "neither": "higher"}[metric.better]
    others = [c for c in tested if c.variation not in best and c.verdict == ahead]
    if others and winner and winner.verdict == ahead:
        names = listed([c.variation for c in others[:MOST_NAMED]])
        are, them = ("is", "it") if len(others) == 1 else ("are", "them")
        sentences.append(
            f"{names} {are} {ahead} than {baseline} too; whether {best[0]} is {ahead} than {them} "
            "is not tested."
        )
    return sentences


def _has_best(metric: Metric, best: list[str], means: dict[str, float], mean: str = "") -> str:
    has = "has" if len(best) == 1 else "have"
    end = "lowest" if metric.better == "lower" else "highest"
    value = value_of(metric).rounded(means[best[0]])
    return f"{listed(best)} {has} the {end} {mean}{metric.label}, {value}"


def _best(metric: Metric, means: dict[str, float]) -> list[str]:
    """The settings whose mean is best; the highest where neither way is better."""
    end = (min if metric.better == "lower" else max)(means.values())
    return [name for name, mean in means.items() if mean == end]


def _against_baseline(tested: list[Comparison], baseline: str) -> list[str]:
    """What is shown of each variation against the baseline."""
    sentences = [_on_one(c, baseline) for c in tested[:MOST_NAMED]]
    return [*sentences, *left_out(len(tested), TABLE)]


def _on_one(c: Comparison, baseline: str) -> str:
    if c.verdict == "equivalent" and c.metric.margin is not None:
        amount = difference_of(c.metric).amount(c.metric.margin)
        p = p_in_words(c.p_equivalence_adjusted)
        return (
            f"No difference larger than {amount} between {c.variation} and {baseline}: "
            f"{estimate_of(c)} ({p} for a larger one)."
        )
    p = p_in_words(c.p_adjusted)
    if c.verdict == "undecided":
        return (
            f"Whether {c.variation} differs from {baseline} is undecided: {estimate_of(c)} ({p})."
        )
    return f"{c.variation} is {c.verdict} than {baseline}{size(c)} {over_seeds(c.n_seeds)} ({p})."
