"""Observations on differences: which setting is best, and what each variation changes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.metrics.metric import Metric, Wording
from paribus.metrics.registry import built_in
from paribus.narrative.comparisons import estimate_of, numbers_of, size
from paribus.narrative.numbers import difference_of, over_seeds, p_in_words, value_of
from paribus.narrative.words import listed

TABLE = "tables/comparisons.csv"

#: Setting -> name -> number.
Numbers = Mapping[str, Mapping[str, float | None]]

#: So many settings are named at most; the tables have all.
MOST_NAMED = 8


@dataclass(frozen=True)
class Observation:
    """What the program says of a study in place of its author.

    Attributes:
        topic: what it is about, in a few words.
        sentences: in plain English, hedged as far as the evidence goes.
        numbers: those that the sentences hold, and their p values, by setting.
        figure: anchor of the part of the report that shows it.
    """

    topic: str
    sentences: tuple[str, ...]
    numbers: Numbers
    figure: str

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(self.sentences)


def left_out(settings: int, where: str) -> list[str]:
    """A sentence on the settings that the others don't name."""
    left = settings - MOST_NAMED
    if left <= 0:
        return []
    return [f"{left} more {'setting is' if left == 1 else 'settings are'} in {where}."]


# ---- the best setting ----------------------------------------------------------------------------


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


# ---- what variations change ----------------------------------------------------------------------


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
