"""Studies whose truth is known, and how often the methods tell it.

Used by the tests of this folder with few repetitions and by `calibrate.py` with many.
Differences are simulated with a standard deviation of 1; margins are in that unit.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from paribus.stats.crossed import crossed_interval
from paribus.stats.intervals import Floats
from paribus.stats.multiplicity import holm, nominal_level, overall_level
from paribus.stats.paired import hodges_lehmann, mean_test, sign_flip, signed_rank_test, t_interval
from paribus.stats.sample import equivalence_p, verdict

#: How the runs of a setting spread over seeds. "skewed": a few runs come out much worse, in
#: both settings alike. "lopsided": so much so in the variation (three times the baseline's
#: spread) that the differences themselves are skewed (1.64).
Law = Literal["normal", "skewed", "lopsided"]
LAWS: tuple[Law, ...] = ("normal", "skewed", "lopsided")
Method = Literal["mean", "ranks"]
Verdicts = npt.NDArray[np.str_]

_judge = np.vectorize(verdict, otypes=["U10"], excluded=["higher_is_better"])


def differences(rng: np.random.Generator, law: Law, shape: tuple[int, ...]) -> Floats:
    """Paired differences with mean 0 and standard deviation 1."""
    if law == "normal":
        return rng.standard_normal(shape)
    share = 1.0 if law == "skewed" else 3.0
    baseline, variation = 1 - rng.standard_exponential((2, *shape))
    return np.asarray((share * variation - baseline) / np.sqrt(share**2 + 1))


def pseudo_median(law: Law) -> float:
    """What the Hodges-Lehmann estimate estimates: the median of the mean of two differences."""
    if law != "lopsided":
        return 0.0  # symmetric
    pairs = differences(np.random.default_rng(0), law, (4_000_000, 2))
    return float(np.median(pairs.mean(axis=1)))


# ---- intervals ------------------------------------------------------------------------------


def coverage(rng: np.random.Generator, method: Method, law: Law, n: int, repetitions: int) -> float:
    """How often the 95 % interval of a paired comparison over n seeds holds the truth."""
    interval, truth = (
        (t_interval, 0.0) if method == "mean" else (hodges_lehmann, pseudo_median(law))
    )
    held = 0
    for size in _blocks(repetitions, 10_000):
        result = interval(differences(rng, law, (size, n)))
        held += int(((result.low <= truth) & (truth <= result.high)).sum())
    return held / repetitions


def coverage_of_new_images(
    rng: np.random.Generator,
    seeds: int,
    seed_sd: float,
    image_sd: float,
    law: Law,
    repetitions: int,
    images: int = 300,
) -> tuple[float, float, float]:
    """How often the intervals for new seeds and images, and for new seeds, hold the truth.

    And how often the first came out narrower, and was widened to contain the second.

    A network is right on an image of one of three classes if
    class + image + setting + seed + setting x image + noise > 0; the variation is a little
    better. seed_sd and image_sd are of the seed and of the setting x image, noise has 1.
    The truth is the mean over the laws of seeds and images.
    """
    classes, easy = np.arange(images) % 3, np.array([-0.5, 0.2, 0.9])
    truth = np.diff([_true_accuracy(m, easy, seed_sd, image_sd, law) for m in (0, 0.1)])[0]
    own, means = np.empty((2, repetitions)), np.empty((repetitions, seeds))
    for repetition in range(repetitions):
        common = easy[classes] + rng.standard_normal(images)
        right = [
            common + setting
            + seed_sd * differences(rng, _seed_law(law), (seeds, 1))
            + image_sd * rng.standard_normal(images)
            + rng.standard_normal((seeds, images))
            > 0
            for setting in (0, 0.1)
        ]  # fmt: skip
        table = right[1].astype(np.int8) - right[0].astype(np.int8)
        result = crossed_interval(table, classes)
        own[:, repetition] = result.low, result.high
        means[repetition] = table.mean(axis=1)
    narrow = t_interval(means)
    low, high = np.minimum(own[0], narrow.low), np.maximum(own[1], narrow.high)
    held = 1 - ((low > truth) | (high < truth)).mean()  # where there is none, it doesn't err
    alone = ((narrow.low <= truth) & (truth <= narrow.high)).mean()
    return float(held), float(alone), float((low < own[0]).mean())


def _seed_law(law: Law) -> Law:
    return "lopsided" if law != "normal" else "normal"


def _true_accuracy(
    setting: float, easy: Floats, seed_sd: float, image_sd: float, law: Law
) -> float:
    seeds = differences(np.random.default_rng(1), _seed_law(law), (200_000,))
    if law == "normal":
        seeds = special.ndtri((np.arange(200_000) + 0.5) / 200_000)
    mean = easy[:, None] + setting + seed_sd * seeds
    return float(special.ndtr(mean / np.sqrt(2 + image_sd**2)).mean())


def coverage_over_looks(
    rng: np.random.Generator, looks: tuple[int, ...], repetitions: int
) -> float:
    """How often the intervals of all looks together hold the truth."""
    d, level = rng.standard_normal((repetitions, looks[-1])), 1 - nominal_level(looks)
    held = np.ones(repetitions, bool)
    for look in looks:
        result = t_interval(d[:, :look], level)
        held &= (result.low <= 0) & (result.high >= 0)
    return float(held.mean())


def coverage_of_wilson(p: float, images: int) -> float:
    """How often Wilson's interval holds an accuracy p: a sum over all outcomes."""
    right = np.arange(images + 1)
    z, share = stats.norm.ppf(0.975), right / images
    center = (share + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z * np.sqrt(share * (1 - share) / images + z**2 / (4 * images**2))
    holds = np.abs(p - center) <= half / (1 + z**2 / images)
    return float(stats.binom.pmf(right, images, p)[holds].sum())


# ---- verdicts -------------------------------------------------------------------------------


def verdicts(d: Floats, margin: float) -> Verdicts:
    """The verdicts (repetitions, k) on k variations from differences (repetitions, k, n)."""
    p, p_equivalence = holm(mean_test(d)), holm(equivalence_p(d, margin))
    return np.asarray(_judge(d.mean(axis=-1), p, p_equivalence, higher_is_better=True))


def verdicts_over_looks(d: Floats, margin: float, looks: tuple[int, ...]) -> Verdicts:
    """The last verdicts (repetitions, k) if seeds are added at the looks until decided."""
    p, p_equivalence = np.ones((2, *d.shape[:-1]))
    final = np.full(d.shape[:-1], "undecided", dtype="U10")
    for look in looks:
        seen, open_ = d[..., :look], final == "undecided"
        p = np.where(open_, overall_level(mean_test(seen), looks), p)
        p_equivalence = np.where(
            open_, overall_level(equivalence_p(seen, margin), looks), p_equivalence
        )
        now = _judge(seen.mean(axis=-1), holm(p), holm(p_equivalence), higher_is_better=True)
        final = np.where(open_, now, final)
    return final


def false_verdicts(result: Verdicts, truth: Floats, margin: float) -> npt.NDArray[np.bool_]:
    """Which verdicts (..., k) are false if the true differences are `truth` (k,)."""
    return np.asarray(
        ((result == "better") & (truth <= 0))
        | ((result == "worse") & (truth >= 0))
        | ((result == "equivalent") & (np.abs(truth) >= margin))
    )


def family_error(
    rng: np.random.Generator,
    truth: Floats,
    n: int,
    margin: float,
    repetitions: int,
    sd: npt.ArrayLike = 1.0,
    looks: tuple[int, ...] = (),
) -> float:
    """How often a study of len(truth) variations ends with any false verdict.

    The variations share the baseline's runs, so their differences are correlated (1/2).
    """
    wrong, k = 0, len(truth)
    for size in _blocks(repetitions, 5_000):
        declared, common = rng.standard_normal((size, k, n)), rng.standard_normal((size, 1, n))
        noise = np.broadcast_to(sd, k)[:, None] * (declared - common) / np.sqrt(2)
        d = truth[:, None] + noise
        result = verdicts_over_looks(d, margin, looks) if looks else verdicts(d, margin)
        wrong += int(false_verdicts(result, truth, margin).any(axis=-1).sum())
    return wrong / repetitions


def single_error(
    rng: np.random.Generator, law: Law, truth: float, n: int, margin: float, repetitions: int
) -> float:
    """How often one comparison ends in a false verdict."""
    wrong, true = 0, np.array([truth])
    for size in _blocks(repetitions, 20_000):
        result = verdicts(truth + differences(rng, law, (size, 1, n)), margin)
        wrong += int(false_verdicts(result, true, margin).sum())
    return wrong / repetitions


def power(
    rng: np.random.Generator,
    method: Method,
    goal: Literal["difference", "equivalence"],
    difference: float,
    n: int,
    margin: float,
    alpha: float,
    repetitions: int,
) -> float:
    """How often n seeds reach the goal if the true difference is `difference`, its sd 1."""
    d = difference + rng.standard_normal((repetitions, n))
    if method == "mean":
        p = mean_test(d) if goal == "difference" else equivalence_p(d, margin)
        return float((p <= alpha).mean())
    if goal == "difference":
        return float(np.mean([signed_rank_test(row) <= alpha for row in d]))
    return float(np.mean([equivalence_p(row, margin, signed_rank_test) <= alpha for row in d]))


def sign_flip_error(rng: np.random.Generator, law: Law, n: int, repetitions: int) -> float:
    """How often the sign-flip test finds a difference, p <= 0.05, where there is none."""
    d = differences(rng, law, (repetitions, n))
    return float(np.mean([sign_flip(row) <= 0.05 for row in d]))


def _blocks(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]
