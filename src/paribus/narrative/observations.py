"""The observations that a study's author would write by hand, written from its numbers.

Every sentence follows from a verdict or a count: an undecided test is only said to be
undecided, and a metric without values is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import Flags
from paribus.narrative.comparisons import estimate_of, numbers_of
from paribus.narrative.differences import (
    MOST_NAMED,
    TABLE,
    Observation,
    left_out,
    named,
    on_best_setting,
    on_differences,
    on_pairing,
)
from paribus.narrative.numbers import POINTS, over_seeds, p_in_words
from paribus.narrative.words import listed
from paribus.stats.crossed import Spread
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import overall_level
from paribus.stats.ranking import Above, extreme_ranking

_EPOCH = "best_epoch"


def observe(
    compared: StudyComparison, looks: Sequence[int] | None = None
) -> tuple[Observation, ...]:
    """All that can be said of a study, the most important first.

    The ranks of classes allow for looks as the primary metric does; other metrics are tested on
    the seeds there are.
    """
    return (
        *on_best_setting(compared),
        *on_overfitting(compared),
        *on_classes(compared, looks),
        *on_differences(compared),
        *on_spread(compared),
        *on_pairing(compared),
    )


@dataclass(frozen=True)
class _Onsets:
    """The epochs (n,) of lowest validation loss of one setting's runs, as far as known.

    Where the loss was still `falling` (n,) at the end, the epoch is a lower bound.
    """

    epochs: Floats
    falling: Flags


def on_overfitting(compared: StudyComparison) -> list[Observation]:
    """The epoch of lowest validation loss of each setting, and what is shown to change it."""
    onsets = {}
    for name, setting in compared.values.settings.items():
        epochs = setting.of(_EPOCH)
        known = np.isfinite(epochs)
        if known.any():
            onsets[name] = _Onsets(epochs[known], setting.censored[_EPOCH][known])
    if not onsets:
        return []
    tested = [c for c in compared.on(_EPOCH) if c.p is not None]
    numbers = {name: _epoch_numbers(one) for name, one in onsets.items()}
    for c in tested:
        numbers[c.variation] |= numbers_of(c)
    sentences = (
        *named([_overfitting(name, one) for name, one in onsets.items()], "tables/runs.csv"),
        *named([_shift(c, compared.values.baseline) for c in tested], TABLE),
    )
    return [Observation("Where overfitting starts", sentences, numbers, "loss")]


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


def _shift(c: Comparison, baseline: str) -> str:
    numbers = f"{estimate_of(c)} ({p_in_words(c.p_adjusted)})"
    if c.verdict == "undecided":
        return f"Whether {c.variation} shifts that epoch is undecided: {numbers}."
    when = "later" if c.verdict == "higher" else "earlier"
    return f"{c.variation} overfits {when} than {baseline}: {numbers}."


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
    def certain(self) -> bool | None:
        return None if self.p is None else self.p <= ALPHA


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
    ranking = extreme_ranking(
        recalls, classes, [classes[at]], highest=best, anytime=compared.anytime
    )
    rival = max(ranking.statements, key=lambda s: s.p, default=None)
    if rival is not None:
        rival = replace(rival, interval=rival.interval.within(-1, 1))
    p = None if rival is None else rival.p
    if p is not None and looks is not None and not compared.anytime:
        p = float(overall_level(p, looks))
    return _End(setting, classes[at], float(means[at]), len(recalls), rival, p)


def _on_ends(ends: Sequence[_End], topic: str) -> Observation:
    by_class: dict[str, list[str]] = {}
    for end in ends[:MOST_NAMED]:
        where = f"{end.setting} ({100 * end.recall:.1f} %)"
        by_class.setdefault(end.name, []).append(where)
    classes = "; ".join(f"{name} in {listed(where)}" for name, where in by_class.items())
    sentences = (
        f"By mean recall: {classes}.",
        *_certainty(ends[:MOST_NAMED]),
        *left_out(len(ends), "tables/per_class.csv"),
    )
    return Observation(topic, sentences, {end.setting: _end_numbers(end) for end in ends}, "recall")


def _certainty(ends: Sequence[_End]) -> list[str]:
    """Whether each rank would hold for new seeds, by the class that is nearest to it."""
    certain = "; in ".join(_evidence(end) for end in ends if end.certain)
    uncertain = "; in ".join(
        _evidence(end) for end in ends if end.p is not None and not end.certain
    )
    alone = listed([end.setting for end in ends if end.p is None])
    sentences = [
        f"Shown to hold for new seeds on these test images: in {certain}." if certain else "",
        f"Not certain: in {uncertain}." if uncertain else "",
        f"One run can't tell whether it holds for new seeds: {alone}." if alone else "",
    ]
    return list(filter(None, sentences))


def _evidence(of: _End) -> str:
    """The setting, with the gap to the class that is least surely apart."""
    assert of.rival is not None, "asked only where there are two seeds"
    gap = f"{of.rival.upper} minus {of.rival.lower}: {POINTS.estimate(of.rival.interval)}"
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
    each = [_spread(name, spread, tested[name]) for name, spread in spreads.items()]
    last = "These are estimated standard deviations; their squares add up."
    sentences = (*named(each, "results.json"), last)
    return [Observation("Spread over seeds", sentences, numbers, "answer")]


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
