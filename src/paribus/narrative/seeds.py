"""How seeds spread, and what pairing them saved, in sentences."""

import math

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.narrative.differences import TABLE
from paribus.narrative.numbers import POINTS, over_seeds
from paribus.narrative.observation import MOST_NAMED, Observation, left_out
from paribus.stats.crossed import Spread
from paribus.stats.intervals import correlation_interval
from paribus.stats.power import gain_of_pairing

#: Pairing is said to have helped, or not, from a gain of a tenth.
_NO_GAIN = 0.1


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
