"""Observations on differences: the best setting, what variations change, and what pairing saved."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.choice import interval_of_chosen
from paribus.comparison.compare import Comparison
from paribus.comparison.pairs import SettingPairs
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import SettingValues
from paribus.metrics.metric import Metric, Wording
from paribus.metrics.registry import built_in
from paribus.narrative.comparisons import estimate_of, numbers_of, size
from paribus.narrative.failing import failures, overruled
from paribus.narrative.numbers import difference_of, over_seeds, p_in_words, seeds, value_of
from paribus.narrative.pairs import on_others
from paribus.narrative.words import listed
from paribus.stats.intervals import LEVEL, Interval, correlation_interval
from paribus.stats.power import unpaired_seeds

TABLE = "tables/comparisons.csv"

#: Setting -> name -> number.
Numbers = Mapping[str, Mapping[str, float | None]]

#: So many settings are named at most; the tables have all.
MOST_NAMED = 8


@dataclass(frozen=True)
class Observation:
    """What the program says of a study in place of its author, hedged as the evidence goes.

    The numbers, by setting, are those that the sentences hold, and their p values; `figure` is the
    anchor of the part of the report that shows it.
    """

    topic: str
    sentences: tuple[str, ...]
    numbers: Numbers
    figure: str

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(self.sentences)


def named(sentences: Sequence[str], where: str) -> list[str]:
    """The sentences on the first settings, one each, and one on those left out."""
    return [*sentences[:MOST_NAMED], *left_out(len(sentences), where)]


def left_out(settings: int, where: str) -> list[str]:
    """A sentence on the settings that the others don't name."""
    left = settings - MOST_NAMED
    more = f"{left} more {'setting is' if left == 1 else 'settings are'} in {where}."
    return [more] if left > 0 else []


def on_best_setting(
    compared: StudyComparison, looks: Sequence[int] | None = None
) -> list[Observation]:
    """Which setting has the best mean of the primary metric, and what of that is shown."""
    metric, baseline = compared.values.primary, compared.values.baseline
    means, shared = _means(compared.values.settings, metric)
    if len(means) < 2 or baseline not in means:
        return []
    tested = [c for c in compared.primary if c.p is not None]
    # The highest is named where neither way is better.
    chosen: Interval | None = None
    end = (min if metric.better == "lower" else max)(means.values())
    best = [name for name, mean in means.items() if mean == end]
    if tested:
        first = f"{_has_best(metric, best, end, 'mean ')}{shared}."
        chosen = _chosen(compared, best, tested, looks)
        against = _against_baseline(best, tested, metric, baseline, compared.setting_pairs)
        choice = _on_choice(chosen, len(tested), metric)
        sentences = [first, *against[:1], *choice, *against[1:]]
    elif any(setting.finished.sum() > 1 for setting in compared.values.settings.values()):
        return []  # tests are yet to come
    else:
        networks = "network of" if len(best) == 1 else "networks of"
        sentences = [
            f"The {networks} {_has_best(metric, best, end)}. More than one seed is needed to tell "
            "whether the settings differ."
        ]
    if failed := compared.values.failed_runs():
        means_leave_out = ", which these means leave out" if tested else ""
        sentences += [
            f"{failures(failed[:MOST_NAMED])}{means_leave_out}.",
            *left_out(len(failed), "results.json"),
        ]
    numbers: dict[str, dict[str, float | None]] = {
        name: {"mean": mean} for name, mean in means.items()
    }
    for c in tested:
        numbers[c.variation] |= numbers_of(c)
    if chosen is not None:
        numbers[best[0]] |= {"low_chosen": chosen.low, "high_chosen": chosen.high}
        numbers[best[0]] |= {"level_chosen": chosen.level, "chosen_of": len(tested)}
    return [Observation("Best setting", tuple(sentences), numbers, "answer")]


def _means(settings: Mapping[str, SettingValues], metric: Metric) -> tuple[dict[str, float], str]:
    """The mean of the metric in every setting that has a value of it, over the seeds they share.

    And these seeds in words, if some setting has more of them.
    """
    columns = {name: setting.of(metric.name) for name, setting in settings.items()}
    known = {name: column for name, column in columns.items() if np.isfinite(column).any()}
    finite = np.isfinite([*known.values()])
    shared = finite.all(axis=0)
    if not shared.any():
        return {}, ""
    means = {name: float(column[shared].mean()) for name, column in known.items()}
    same = np.array_equal(finite.any(axis=0), shared)
    return means, "" if same else f" over the {seeds(int(shared.sum()))} that all of them have"


def _chosen(
    compared: StudyComparison,
    best: Sequence[str],
    tested: Sequence[Comparison],
    looks: Sequence[int] | None,
) -> Interval | None:
    """The interval of the best variation that allows for its having been chosen among several."""
    winner = next((c for c in tested if c.variation == best[0]), None)
    if winner is None or len(tested) < 2 or winner.low is None:
        return None
    return interval_of_chosen(compared.values, winner, len(tested), looks)


def _on_choice(chosen: Interval | None, of: int, metric: Metric) -> list[str]:
    """That the best was chosen, and the interval that holds all the same."""
    if chosen is None or chosen.low is None:
        return []
    level = "" if math.isclose(chosen.level, LEVEL) else f" ({100 * chosen.level:.3g} %)"
    return [
        f"It was chosen as the best of {of} variations, so its difference is likely to be "
        f"overestimated; allowing for the choice, {difference_of(metric).estimate(chosen)}{level}."
    ]


def _has_best(metric: Metric, best: list[str], end: float, mean: str = "") -> str:
    has = "has" if len(best) == 1 else "have"
    extreme = "lowest" if metric.better == "lower" else "highest"
    return (
        f"{listed(best)} {has} the {extreme} {mean}{metric.label}, {value_of(metric).rounded(end)}"
    )


def _against_baseline(
    best: list[str],
    tested: list[Comparison],
    metric: Metric,
    baseline: str,
    pairs: SettingPairs,
) -> list[str]:
    """What is shown of the best setting, or, if that is the baseline, of each variation."""
    winner = next((c for c in tested if c.variation == best[0]), None)
    if winner is None:
        return named([_on_one(c, baseline) for c in tested], TABLE) if best[0] == baseline else []
    sentences = [_on_one(winner, baseline)]
    ahead = "higher" if metric.better == "neither" else "better"
    others = [c.variation for c in tested if c.variation not in best and c.verdict == ahead]
    if others and winner.verdict == ahead:
        named_others = others[:MOST_NAMED]
        are = "is" if len(named_others) == 1 else "are"
        against = on_others(pairs, best[0], named_others, ahead)
        sentences.append(f"{listed(named_others)} {are} {ahead} than {baseline} too; {against}.")
    return sentences


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
            f"Whether {c.variation} differs from {baseline} is undecided: {estimate_of(c)} "
            f"({p}){overruled(c)}."
        )
    if c.verdict in ("not worse", "not better") and c.metric.margin is not None:
        amount = difference_of(c.metric).amount(c.metric.margin)
        p = p_in_words(c.p_asked_adjusted)
        return (
            f"{c.variation} is {c.verdict} than {baseline} by {amount} or more: "
            f"{estimate_of(c)} ({p})."
        )
    return f"{c.variation} is {c.verdict} than {baseline}{size(c)} {over_seeds(c.n_seeds)} ({p})."


def on_differences(compared: StudyComparison) -> list[Observation]:
    """One observation for each tested metric that has a wording, or is the study's own.

    The primary metric is left to `on_best_setting`.
    """
    observations = []
    for metric in compared.values.metrics.values():
        tested = [c for c in compared.on(metric.name) if c.p is not None]
        spoken_of = metric.wording or not built_in(metric.name)
        if tested and spoken_of and metric != compared.values.primary:
            wording = metric.wording or Wording.general(metric.label)
            sentences = [_difference(wording, c, compared.values.baseline) for c in tested]
            numbers = {c.variation: numbers_of(c) for c in tested}
            observations.append(
                Observation(wording.topic, tuple(named(sentences, TABLE)), numbers, metric.figure)
            )
    return observations


def _difference(wording: Wording, c: Comparison, baseline: str) -> str:
    p = p_in_words(c.p_adjusted)
    if c.verdict == "undecided":
        if c.difference == 0 and c.low is None:
            return f"{c.variation} and {baseline} have the same {c.metric.label} in every seed."
        undecided = f"Whether {c.variation} {wording.whether} is undecided"
        return f"{undecided}: {estimate_of(c)} ({p}){overruled(c)}."
    if c.verdict in ("not worse", "not better"):
        p = p_in_words(c.p_asked_adjusted)
        return f"{c.variation} is {c.verdict} in {c.metric.label}: {estimate_of(c)} ({p})."
    if c.verdict == "equivalent":
        same = f"{c.variation} and {baseline} are equivalent in {c.metric.label}"
        return f"{same}: {estimate_of(c)} ({p_in_words(c.p_equivalence_adjusted)})."
    above = c.difference is not None and c.difference > 0
    outcome = wording.above if above else wording.below
    return f"{c.variation} {outcome}: {estimate_of(c)} ({p})."


def on_pairing(compared: StudyComparison) -> list[Observation]:
    """How closely paired runs agree on the primary metric, and what that saved."""
    known = [c for c in compared.primary if c.correlation is not None and c.n_seeds > 3]
    if not known:
        return []
    numbers = {c.variation: _pairing_numbers(compared, c) for c in known}
    sentences = named([_pairing(c, numbers[c.variation]) for c in known], TABLE)
    return [Observation("Effect of pairing", tuple(sentences), numbers, "pairing")]


def _pairing_numbers(compared: StudyComparison, c: Comparison) -> dict[str, float | None]:
    assert c.correlation is not None, "asked only where it is known"
    low, high = correlation_interval(c.correlation, c.n_seeds)
    settings = compared.values.settings
    # With looks the comparison stands on the first seeds only.
    ours, before = (
        settings[name].of(c.metric.name)[: c.n_seeds + c.missing]
        for name in (c.variation, compared.values.baseline)
    )
    both = np.isfinite(ours) & np.isfinite(before)
    scale = np.log if c.metric.compare == "ratio" else np.asarray
    unpaired = unpaired_seeds(scale(before[both]), scale(ours[both]), c.wanted_level)
    return {
        "correlation": c.correlation,
        "low": low,
        "high": high,
        "n_seeds": c.n_seeds,
        "unpaired_seeds": unpaired,
    }


def _pairing(c: Comparison, numbers: dict[str, float | None]) -> str:
    low, high, unpaired = numbers["low"], numbers["high"], numbers["unpaired_seeds"]
    assert low is not None and high is not None, "known with more than three seeds"
    r = f"{c.correlation:.2f} [{low:.2f}, {high:.2f}]"
    paired = (
        f"The {c.metric.label} of {c.variation} correlates with the baseline's: "
        f"r = {r} {over_seeds(c.n_seeds)}"
    )
    if unpaired is None or c.metric.compare == "ranks":
        return f"{paired}."
    hedge = ", though that may be chance" if low <= 0 <= high else ""
    instead = f"{unpaired:.0f} seeds of each setting instead of {c.n_seeds}"
    taken = "as many seeds" if unpaired == c.n_seeds else instead
    return f"{paired}; without pairing, an interval as narrow would take {taken}{hedge}."
