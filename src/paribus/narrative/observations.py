"""The observations that a study's author would write by hand, written from its numbers.

Every sentence follows from a verdict or a count: an undecided test is only said to be
undecided, and a metric without values is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import Flags, SettingValues
from paribus.narrative.comparisons import estimate_of, numbers_of
from paribus.narrative.differences import (
    MOST_NAMED,
    TABLE,
    Observation,
    left_out,
    on_best_setting,
    on_differences,
)
from paribus.narrative.numbers import POINTS, over_seeds, p_in_words
from paribus.narrative.words import listed
from paribus.stats.crossed import Spread
from paribus.stats.intervals import ALPHA, Floats, correlation_interval
from paribus.stats.multiplicity import overall_level
from paribus.stats.power import gain_of_pairing
from paribus.stats.ranking import Above, extreme_ranking

_EPOCH = "best_epoch"
#: Pairing is said to have helped, or not, from a gain of a tenth.
_NO_GAIN = 0.1


def observe(
    compared: StudyComparison, looks: Sequence[int] | None = None
) -> tuple[Observation, ...]:
    """All that can be said of a study, the most important first.

    Args:
        looks: those of a study that adds seeds until it is decided. The ranks of classes then
            allow for them as the primary metric does; other metrics are tested on the seeds
            there are.
    """
    return (
        *on_best_setting(compared),
        *on_overfitting(compared),
        *on_classes(compared, looks),
        *on_differences(compared),
        *on_spread(compared),
        *on_pairing(compared),
    )


# ---- where overfitting starts -------------------------------------------------------------------


@dataclass(frozen=True)
class _Onsets:
    """The epochs of lowest validation loss of one setting's runs.

    Attributes:
        epochs: (n,) those known.
        falling: (n,) the loss was still falling at the end, so that the epoch is a lower bound.
    """

    epochs: Floats
    falling: Flags

    @classmethod
    def of(cls, setting: SettingValues) -> _Onsets:
        """Those of the runs that have a validation loss."""
        epochs = setting.of(_EPOCH)
        known = np.isfinite(epochs)
        return cls(epochs[known], setting.censored[_EPOCH][known])


def on_overfitting(compared: StudyComparison) -> list[Observation]:
    """The epoch of lowest validation loss of each setting, and what is shown to change it."""
    onsets = {name: _Onsets.of(setting) for name, setting in compared.values.settings.items()}
    known = {name: one for name, one in onsets.items() if len(one.epochs)}
    if not known:
        return []
    sentences = [_overfitting(name, one) for name, one in list(known.items())[:MOST_NAMED]]
    sentences += left_out(len(known), "tables/runs.csv")
    numbers = {name: _epoch_numbers(one) for name, one in known.items()}
    for c in compared.on(_EPOCH):
        if c.p is not None:
            numbers[c.variation] |= numbers_of(c)
    sentences += _earlier_or_later(compared)
    return [Observation("Where overfitting starts", tuple(sentences), numbers, "loss")]


def _epoch_numbers(onsets: _Onsets) -> dict[str, float | None]:
    return {
        "median_epoch": float(np.median(onsets.epochs)),
        "first_epoch": float(onsets.epochs.min()),
        "last_epoch": float(onsets.epochs.max()),
        "still_falling": int(onsets.falling.sum()),
        "runs": len(onsets.epochs),
    }


def _overfitting(name: str, onsets: _Onsets) -> str:
    epochs, falling, n = onsets.epochs, int(onsets.falling.sum()), len(onsets.epochs)
    if falling == n:
        runs = "the one run" if n == 1 else f"all {n} runs"
        last = listed(sorted({f"{epoch:g}" for epoch in epochs}))
        return (
            f"In {runs} of {name}, the validation loss was still falling at the last epoch, "
            f"{last}: overfitting starts there at the earliest."
        )
    if n == 1:
        return f"The one run of {name} overfits after epoch {epochs[0]:g}."
    ends = (float(np.median(epochs)), float(epochs.min()), float(epochs.max()))
    median, low, high = (_at_least(end, onsets) for end in ends)
    where = f"{name} overfits after epoch {median} (median of {n} seeds; {low} to {high})"
    if not falling:
        return f"{where}."
    if falling == 1:
        return f"{where}; 1 seed was still improving at the end, so its epoch is a lower bound."
    were = f"{falling} seeds were still improving at the end"
    return f"{where}; {were}, so their epochs are lower bounds."


def _at_least(epoch: float, onsets: _Onsets) -> str:
    """An epoch, as ">=" from the first on that is only known to be at least that."""
    least = min(onsets.epochs[onsets.falling], default=np.inf)
    return f">={epoch:g}" if epoch >= least else f"{epoch:g}"


def _earlier_or_later(compared: StudyComparison) -> list[str]:
    tested = [c for c in compared.on(_EPOCH) if c.p is not None]
    sentences = []
    for c in tested[:MOST_NAMED]:
        numbers = f"{estimate_of(c)} ({p_in_words(c.p_adjusted)})"
        if c.verdict == "undecided":
            sentences.append(f"Whether {c.variation} shifts that epoch is undecided: {numbers}.")
        else:
            when = f"{'later' if c.verdict == 'higher' else 'earlier'} than"
            sentences.append(
                f"{c.variation} overfits {when} {compared.values.baseline}: {numbers}."
            )
    return [*sentences, *left_out(len(tested), TABLE)]


# ---- best and worst classes ---------------------------------------------------------------------


@dataclass(frozen=True)
class _End:
    """The best or the worst class of one setting, and how sure that is.

    Attributes:
        rival: the other class that is least surely apart from it; None with one seed.
    """

    setting: str
    name: str
    recall: float
    n_seeds: int
    rival: Above | None
    p: float | None

    @property
    def certain(self) -> bool:
        return self.p is not None and self.p <= ALPHA


def on_classes(compared: StudyComparison, looks: Sequence[int] | None = None) -> list[Observation]:
    """Best and worst class by recall of each setting, and whether that rank is certain."""
    names = [name for name, one in compared.values.settings.items() if one.tested.any()]
    if len(compared.values.classes) < 2 or not names:
        return []
    return [
        _on_ends([_end(compared, name, best, looks) for name in names], topic)
        for best, topic in ((True, "Best class"), (False, "Worst class"))
    ]


def _end(compared: StudyComparison, setting: str, best: bool, looks: Sequence[int] | None) -> _End:
    classes = compared.values.classes
    recalls = compared.values.by_class(setting, "recall")
    recalls = recalls[np.isfinite(recalls).all(axis=1)]
    means = recalls.mean(axis=0)
    at = int(means.argmax() if best else means.argmin())
    ranking = extreme_ranking(recalls, classes, [classes[at]], highest=best)
    rival = max(ranking.statements, key=lambda s: s.p, default=None)
    p = None if rival is None else rival.p
    if p is not None and looks is not None:
        p = float(overall_level(p, looks))
    return _End(setting, classes[at], float(means[at]), len(recalls), rival, p)


def _on_ends(ends: Sequence[_End], topic: str) -> Observation:
    named = ends[:MOST_NAMED]
    by_class: dict[str, list[_End]] = {}
    for end in named:
        by_class.setdefault(end.name, []).append(end)
    where = "; ".join(_where(name, of) for name, of in by_class.items())
    return Observation(
        topic,
        (
            f"By mean recall: {where}.",
            *_certainty(named),
            *left_out(len(ends), "tables/per_class.csv"),
        ),
        {of.setting: _end_numbers(of) for of in ends},
        "recall",
    )


def _where(name: str, ends: Sequence[_End]) -> str:
    return f"{name} in {listed([f'{of.setting} ({100 * of.recall:.1f} %)' for of in ends])}"


def _certainty(ends: Sequence[_End]) -> list[str]:
    """Whether each rank would hold for new seeds, by the class that is nearest to it."""
    certain = [_evidence(of) for of in ends if of.certain]
    uncertain = [_evidence(of) for of in ends if of.p is not None and not of.certain]
    alone = [of.setting for of in ends if of.p is None]
    sentences = []
    if certain:
        shown = "Shown to hold for new seeds on these test images"
        sentences.append(f"{shown}: in {'; in '.join(certain)}.")
    if uncertain:
        sentences.append(f"Not certain: in {'; in '.join(uncertain)}.")
    if alone:
        sentences.append(f"One run can't tell whether it holds for new seeds: {listed(alone)}.")
    return sentences


def _evidence(of: _End) -> str:
    """The setting, with the gap to the class that is least surely apart."""
    assert of.rival is not None, "asked only where there are two seeds"
    gap = f"{of.rival.upper} minus {of.rival.lower} {POINTS.estimate(of.rival.interval)}"
    return f"{of.setting}, {gap} {over_seeds(of.n_seeds)} ({p_in_words(of.p)})"


def _end_numbers(of: _End) -> dict[str, float | None]:
    gap = of.rival.interval if of.rival else None
    return {
        "recall": of.recall,
        "n_seeds": of.n_seeds,
        "gap": gap.estimate if gap else None,
        "low": gap.low if gap else None,
        "high": gap.high if gap else None,
        "p": of.p,
    }


# ---- how seeds spread, and what pairing them saved -----------------------------------------------


def on_spread(compared: StudyComparison) -> list[Observation]:
    """The spread of test accuracy over seeds: test-set noise and what remains."""
    spreads = compared.spreads
    if not spreads:
        return []
    tested = {name: int(compared.values.settings[name].tested.sum()) for name in spreads}
    numbers = {
        name: {
            "sd": spread.total,
            "sd_test_set": spread.test_set,
            "sd_true": spread.true,
            "n_seeds": tested[name],
        }
        for name, spread in spreads.items()
    }
    sentences = [_spread(name, spreads[name], tested[name]) for name in list(spreads)[:MOST_NAMED]]
    sentences += left_out(len(spreads), "results.json")
    sentences.append("These are estimated standard deviations; their squares add up.")
    return [Observation("Spread over seeds", tuple(sentences), numbers, "answer")]


def _spread(name: str, spread: Spread, n: int) -> str:
    if spread.total == 0:
        return f"{name}'s test accuracy is the same in all {n} seeds."
    total = f"{name}'s test accuracy varies by {_points(spread.total)} {over_seeds(n)}"
    if spread.truncated or spread.true == 0:
        return f"{total}, no more than test-set noise alone would give."
    return (
        f"{total}: test-set noise {_points(spread.test_set)}, run-to-run spread "
        f"{_points(spread.true)}."
    )


def _points(sd: float) -> str:
    return f"{POINTS.scale * sd:.2f} points"


def on_pairing(compared: StudyComparison) -> list[Observation]:
    """How closely paired runs agree on the primary metric, and what that saved."""
    known = [c for c in compared.primary if c.correlation is not None and c.n_seeds > 3]
    if not known:
        return []
    numbers = {c.variation: _pairing_numbers(compared, c) for c in known}
    sentences = [_pairing(c, numbers[c.variation]) for c in known[:MOST_NAMED]]
    sentences += left_out(len(known), TABLE)
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
    gain = gain_of_pairing(scale(before[both]), scale(ours[both]))
    return {
        "correlation": c.correlation,
        "low": low,
        "high": high,
        "n_seeds": c.n_seeds,
        "unpaired_seeds": gain if math.isfinite(gain) else None,
    }


def _pairing(c: Comparison, numbers: dict[str, float | None]) -> str:
    low, high, gain = numbers["low"], numbers["high"], numbers["unpaired_seeds"]
    assert low is not None and high is not None, "known with more than three seeds"
    r = f"{c.correlation:.2f} [{low:.2f}, {high:.2f}]"
    paired = (
        f"The {c.metric.label} of {c.variation} correlates with the baseline's: "
        f"r = {r} {over_seeds(c.n_seeds)}"
    )
    if gain is None:
        return f"{paired}."
    number = "as many" if abs(gain - 1) < _NO_GAIN else f"{gain:.1f} times as many"
    hedge = ", though that may be chance" if low <= 0 <= high else ""
    return f"{paired}; without pairing, the same interval would take {number} seeds{hedge}."
