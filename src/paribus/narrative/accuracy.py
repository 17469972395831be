"""Test accuracy in sentences: which setting is best, how seeds spread, what pairing bought."""

from __future__ import annotations

import math

import numpy as np

from paribus.comparison.compare import Comparison
from paribus.comparison.study import StudyComparison
from paribus.narrative.differences import TABLE, found, numbers_of
from paribus.narrative.headline import size
from paribus.narrative.numbers import difference_of, over_seeds, p_in_words
from paribus.narrative.observation import MOST_NAMED, Observation, left_out, listed
from paribus.stats.crossed import Spread
from paribus.stats.intervals import correlation_interval
from paribus.stats.power import gain_of_pairing

#: Pairing is said to have helped, or not, from a gain of a tenth.
_NO_GAIN = 0.1


def on_best_setting(compared: StudyComparison) -> list[Observation]:
    """Which setting has the highest mean test accuracy, and what of that is shown."""
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
    said = _on_best(compared, means, tested) if tested else _on_networks(compared, means)
    return [Observation("Best setting", tuple(said), numbers, "answer")] if said else []


def _means(compared: StudyComparison) -> dict[str, float]:
    """Mean test accuracy of every setting with a finished run."""
    return {
        name: float(its.of(compared.values.primary.name)[its.finished].mean())
        for name, its in compared.values.settings.items()
        if its.finished.any()
    }


def _on_networks(compared: StudyComparison, means: dict[str, float]) -> list[str]:
    """On one trained network of each setting; nothing where tests are yet to come."""
    if any(its.finished.sum() > 1 for its in compared.values.settings.values()):
        return []
    best = _highest(means)
    is_right = "is that of" if len(best) == 1 else "are those of"
    return [
        f"Of these networks the best on these test images {is_right} {listed(best)}, right on "
        f"{_percent(means[best[0]])}. Which setting is better takes more than one seed to tell."
    ]


def _on_best(
    compared: StudyComparison, means: dict[str, float], tested: list[Comparison]
) -> list[str]:
    baseline, best = compared.values.baseline, _highest(means)
    has = "has" if len(best) == 1 else "have"
    which = f"{listed(best)} {has} the highest mean test accuracy, {_percent(means[best[0]])}"
    if best[0] == baseline:
        return [f"{which}.", *_against_baseline(tested, baseline)]
    own = next((c for c in tested if c.variation == best[0]), None)
    others = [c for c in tested if c.variation not in best and c.verdict == "better"]
    said = [f"{which}.", *_against_baseline([own] if own else [], baseline)]
    if others and own and own.verdict == "better":
        names = listed([c.variation for c in others[:MOST_NAMED]])
        them = "it" if len(others) == 1 else "them"
        said.append(
            f"{names} {'is' if len(others) == 1 else 'are'} better than {baseline} too; whether "
            f"{best[0]} is better than {them} is not tested."
        )
    return said


def _against_baseline(tested: list[Comparison], baseline: str) -> list[str]:
    """What is shown of each variation against the baseline."""
    said = [_on_one(c, baseline) for c in tested[:MOST_NAMED]]
    return [*said, *left_out(len(tested), TABLE)]


def _on_one(c: Comparison, baseline: str) -> str:
    if c.verdict == "equivalent" and c.metric.margin is not None:
        amount = difference_of(c.metric).amount(c.metric.margin)
        p = p_in_words(c.p_equivalence_adjusted)
        return (
            f"No difference larger than {amount} between {c.variation} and {baseline}: "
            f"{found(c)} ({p} for a larger one)."
        )
    p = p_in_words(c.p_adjusted)
    if c.verdict == "undecided":
        return f"Whether {c.variation} differs from {baseline} is undecided: {found(c)} ({p})."
    size_found = f"{size(c)} {over_seeds(c.n_seeds)}"
    return f"{c.variation} is {c.verdict} than {baseline} by {size_found} ({p})."


def _highest(means: dict[str, float]) -> list[str]:
    highest = max(means.values())
    return [name for name, mean in means.items() if mean == highest]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(sd: float) -> str:
    return f"{100 * sd:.2f} points"


# ---- spread and pairing -------------------------------------------------------------------------


def on_spread(compared: StudyComparison) -> list[Observation]:
    """The spread of test accuracy over seeds: test-set noise and what remains."""
    spreads = compared.spreads
    if not spreads:
        return []
    seeds = {name: int(compared.values.settings[name].finished.sum()) for name in spreads}
    named = list(spreads)[:MOST_NAMED]
    numbers = {
        name: {
            "sd": spread.total,
            "sd_test_set": spread.test_set,
            "sd_true": spread.true,
            "n_seeds": seeds[name],
        }
        for name, spread in spreads.items()
    }
    said = [_spread(name, spreads[name], seeds[name]) for name in named]
    said += left_out(len(spreads), "results.json")
    said.append("Standard deviations, estimated; their squares add up.")
    return [Observation("Spread over seeds", tuple(said), numbers, "answer")]


def _spread(name: str, spread: Spread, seeds: int) -> str:
    total = f"{name}'s test accuracy spreads by {_points(spread.total)} {over_seeds(seeds)}"
    if spread.total == 0:
        return f"{name}'s test accuracy is the same in all {seeds} seeds."
    if spread.truncated or spread.true == 0:
        return f"{total}: no more than chance in a test set of this size makes by itself."
    return (
        f"{total}: a test set of this size makes {_points(spread.test_set)} by itself, and "
        f"{_points(spread.true)} are left for true differences between trainings."
    )


def on_pairing(compared: StudyComparison) -> list[Observation]:
    """How far paired runs go together, and what that saved."""
    known = [c for c in compared.primary if c.correlation is not None and c.n_seeds > 3]
    if not known:
        return []
    numbers = {c.variation: _pairing_numbers(compared, c) for c in known}
    said = [_pairing(c, numbers[c.variation]) for c in known[:MOST_NAMED]]
    said += left_out(len(known), TABLE)
    return [Observation("What pairing bought", tuple(said), numbers, "pairing")]


def _pairing_numbers(compared: StudyComparison, c: Comparison) -> dict[str, float | None]:
    assert c.correlation is not None, "asked only where it is known"
    low, high = correlation_interval(c.correlation, c.n_seeds)
    settings = compared.values.settings
    # With looks the comparison stands on the first seeds only.
    ours, before = (
        settings[name].of(compared.values.primary.name)[: c.n_seeds + c.missing]
        for name in (c.variation, compared.values.baseline)
    )
    both = np.isfinite(ours) & np.isfinite(before)
    gain = gain_of_pairing(before[both], ours[both])
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
    found_r = f"{c.correlation:.2f} [{low:.2f}, {high:.2f}]"
    go = f"The paired accuracies of {c.variation} correlate by {found_r} {over_seeds(c.n_seeds)}"
    if gain is None:
        return f"{go}."
    if abs(gain - 1) < _NO_GAIN:
        bought = "unpaired, as many seeds would give the same interval"
    else:
        bought = f"unpaired, it would take {gain:.1f} times as many seeds for the same interval"
    hedge = ", though that may be chance" if low <= 0 <= high else ""
    return f"{go}: {bought}{hedge}."
