"""The observations that a study's author would write by hand, written from its numbers.

Every sentence follows from a verdict or a count: an undecided test is only said to be
undecided, and a metric without values is passed over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import Flags
from paribus.narrative.classes import on_classes
from paribus.narrative.comparisons import estimate_of, numbers_of
from paribus.narrative.differences import (
    TABLE,
    Observation,
    named,
    on_best_setting,
    on_differences,
    on_pairing,
)
from paribus.narrative.numbers import POINTS, over_seeds, p_in_words
from paribus.narrative.varied import by_seed
from paribus.narrative.words import listed
from paribus.stats.crossed import Spread
from paribus.stats.intervals import Floats

_EPOCH = "best_epoch"


def observe(
    compared: StudyComparison, looks: Sequence[int] | None = None
) -> tuple[Observation, ...]:
    """All that can be said of a study, the most important first.

    The ranks of classes allow for looks as the primary metric does; other metrics are tested on
    the seeds there are.
    """
    return (
        *on_best_setting(compared, looks),
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
            "sd_true_low": spread.true_low,
            "sd_true_high": spread.true_high,
            "n_seeds": tested[name],
        }
        for name, spread in spreads.items()
    }
    settings = compared.values.settings
    each = [
        _spread(name, spread, tested[name], by_seed(settings[name].vary))
        for name, spread in spreads.items()
    ]
    last = (
        "These are estimated standard deviations, whose squares add up; the run-to-run spread, "
        "with its interval, would remain on a test set of any size."
    )
    sentences = (*named(each, "results.json"), last)
    return [Observation("Spread over seeds", sentences, numbers, "answer")]


def _spread(name: str, spread: Spread, n: int, source: str) -> str:
    if spread.total == 0:
        return f"{name}'s test accuracy is the same in all {n} seeds."
    total = f"{name}'s test accuracy varies by {_points(spread.total)} {over_seeds(n)}{source}"
    noise, true = _points(spread.test_set), POINTS.scale * spread.true
    interval = _between(spread.true_low, spread.true_high)
    apart = ", not told apart from none" if not spread.true_low else ""
    return f"{total}: test-set noise {noise}, run-to-run spread {true:.2f}{interval} points{apart}."


def _points(sd: float) -> str:
    return f"{POINTS.scale * sd:.2f} points"


def _between(low: float, high: float) -> str:
    if math.isnan(high):
        return ""
    return f" [{POINTS.scale * low:.2f}, {POINTS.scale * high:.2f}]"
