"""The observations that a study's author would write by hand, written from its numbers.

Every sentence follows from a verdict or a count. What a test leaves undecided is gathered in one
last sentence, and a metric without values is passed over.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.comparison.values import Flags
from paribus.narrative.answer import some
from paribus.narrative.classes import on_classes
from paribus.narrative.comparisons import numbers_of
from paribus.narrative.differences import (
    Observation,
    Said,
    Undecided,
    estimates,
    named,
    on_differences,
    on_pairing,
    on_primary,
    undecided,
)
from paribus.narrative.numbers import POINTS, over_seeds, seeds
from paribus.narrative.varied import by_seed
from paribus.narrative.words import listed
from paribus.stats.crossed import Spread
from paribus.stats.intervals import Floats

_EPOCH = "best_epoch"


@dataclass(frozen=True)
class Observations:
    """All that can be said of a study, the most useful first, and what its seeds leave open."""

    points: tuple[Observation, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    seeds: int = 0

    @property
    def open(self) -> str:
        """One sentence on all that is undecided; "" where nothing is."""
        by_names: dict[tuple[str, ...], list[str]] = {}
        for each in self.undecided:
            by_names.setdefault(each.of, []).append(each.what)
        texts = [
            f"for {some(of)}, {listed(what)}" if of else listed(what)
            for of, what in by_names.items()
        ]
        return f"Not decided with {seeds(self.seeds)}: {'; '.join(texts)}." if texts else ""


def observe(compared: StudyComparison, looks: Sequence[int] | None = None) -> Observations:
    """All that can be said of a study.

    The ranks of classes allow for looks as the primary metric does; other metrics are tested on
    the seeds there are.
    """
    said: list[Said] = [
        *on_primary(compared, looks),
        *on_overfitting(compared),
        *on_classes(compared, looks),
        *on_differences(compared),
        *on_spread(compared),
        *on_pairing(compared),
    ]
    return Observations(
        tuple(each for each in said if isinstance(each, Observation)),
        # Each once: the epoch of lowest validation loss may be the primary metric too.
        tuple(dict.fromkeys(each for each in said if isinstance(each, Undecided))),
        _most_seeds(compared),
    )


def _most_seeds(compared: StudyComparison) -> int:
    """The seeds behind what is undecided: of the comparisons, or of a baseline alone."""
    alone = [int(setting.tested.sum()) for setting in compared.values.settings.values()]
    return max([c.n_seeds for c in compared.primary] or alone)


@dataclass(frozen=True)
class _Onsets:
    """The epochs (n,) of lowest validation loss of one setting's runs, as far as known.

    Where the loss was still `falling` (n,) at the end, the epoch is a lower bound.
    """

    epochs: Floats
    falling: Flags


def on_overfitting(compared: StudyComparison) -> Iterator[Said]:
    """The epoch of lowest validation loss of each setting, and what is shown to change it."""
    onsets = {}
    for name, setting in compared.values.settings.items():
        epochs = setting.of(_EPOCH)
        known = np.isfinite(epochs)
        if known.any():
            onsets[name] = _Onsets(epochs[known], setting.censored[_EPOCH][known])
    if not onsets:
        return
    tested = [c for c in compared.on(_EPOCH) if c.p is not None]
    yield from undecided(tested)
    numbers = {name: _epoch_numbers(one) for name, one in onsets.items()}
    for c in tested:
        numbers[c.variation] |= numbers_of(c)
    where = [_overfitting(name, one) for name, one in onsets.items()]
    evidence = (*named(where, "tables/runs.csv"), *estimates(tested))
    says = _says(onsets, tested, compared.values.baseline)
    yield Observation("Where overfitting starts", says, evidence, numbers, "loss")


def _says(onsets: Mapping[str, _Onsets], tested: Sequence[Comparison], baseline: str) -> str:
    """Where the baseline overfits, and which variations are shown to do so at another epoch."""
    first = baseline if baseline in onsets else next(iter(onsets))
    one = onsets[first]
    median = np.median(one.epochs)
    where = f"{first} overfits after epoch {_at_least(float(median), one)}"
    if one.falling.all():
        where = f"{first} was still improving at its last epoch"
    clauses = [where]
    for verdict, when in (("lower", "earlier"), ("higher", "later")):
        if names := [c.variation for c in tested if c.verdict == verdict]:
            clauses.append(f"{some(names)} {'overfits' if len(names) == 1 else 'overfit'} {when}")
    return f"{'; '.join(clauses)}."


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
        runs = "its one run" if n == 1 else f"all {n} runs"
        last = listed(sorted({f"{epoch:g}" for epoch in epochs}))
        return f"{name}: still falling at the last epoch, {last}, in {runs}."
    if n == 1:
        return f"{name}: epoch {epochs[0]:g} in its one run."
    ends = (float(np.median(epochs)), float(epochs.min()), float(epochs.max()))
    median, low, high = (_at_least(end, onsets) for end in ends)
    where = f"{name}: epoch {median} (median of {n} seeds; {low} to {high})"
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


def on_spread(compared: StudyComparison) -> Iterator[Observation]:
    """The spread of test accuracy over seeds: test-set noise and what remains."""
    spreads, baseline = compared.spreads, compared.values.baseline
    if not spreads:
        return
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
    first = baseline if baseline in spreads else next(iter(spreads))
    source = by_seed(compared.values.settings[first].vary)
    says = f"From seed to seed, {first}'s test accuracy varies by {_points(spreads[first].total)}"
    each = [_spread(name, spread, tested[name]) for name, spread in spreads.items()]
    last = "Standard deviations, whose squares add up; intervals of 95 %."
    evidence = (*named(each, "results.json"), last)
    yield Observation("Spread over seeds", f"{says}{source}.", evidence, numbers, "answer")


def _spread(name: str, spread: Spread, n: int) -> str:
    if spread.total == 0:
        return f"{name}: the same in all {n} seeds."
    noise, true = _points(spread.test_set), POINTS.scale * spread.true
    interval = _between(spread.true_low, spread.true_high)
    apart = ", not told apart from none" if not spread.true_low else ""
    return (
        f"{name}: {_points(spread.total)} {over_seeds(n)}, of which test-set noise {noise} and "
        f"run-to-run spread {true:.2f}{interval} points{apart}."
    )


def _points(sd: float) -> str:
    return f"{POINTS.scale * sd:.2f} points"


def _between(low: float, high: float) -> str:
    if math.isnan(high):
        return ""
    return f" [{POINTS.scale * low:.2f}, {POINTS.scale * high:.2f}]"
