"""Seeds one by one, unpaired runs and all pairs of settings: how often they tell the truth.

Differences have a standard deviation of 1, and margins are in that unit. Prints its tables alone by

    PYTHONPATH=tests python -m calibration.other_designs
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy import special

from calibration.simulated_truth import LAWS, Law, differences
from paribus.stats.anytime import anytime_p_values, course
from paribus.stats.crossed import crossed_difference
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import mean_test
from paribus.stats.pairs import simultaneous
from paribus.stats.power import seeds_needed
from paribus.stats.sample import equivalence_p
from paribus.stats.unpaired import permuted_welch, power_of_welch, runs_needed, welch_interval
from paribus.stats.unpaired_ranks import outperforming, rank_sum_test, shift
from paribus.stream import stream

STOPS = (10, 20, 40)
GROUPS = ((3, 3), (5, 5), (10, 10), (5, 15))


def tables(scale: float = 1.0) -> Iterator[Iterator[str]]:
    """Every table, each as lines of Markdown."""

    def many(repetitions: int) -> int:
        return max(10, round(repetitions * scale))

    yield errors_one_by_one(many(20_000))
    yield cost_one_by_one(many(10_000))
    yield continued(many(4_000))
    yield unpaired(many(4_000))
    yield power_unpaired(many(10_000))
    yield all_pairs(many(10_000))


# ---- seeds one by one -----------------------------------------------------------------------


def decided(d: Floats, margin: float | None = None, *, ranks: bool = False) -> Floats:
    """P values (repetitions, n) after each seed, of no difference or of no equivalence."""
    if margin is None:
        return anytime_p_values(d, ranks=ranks)
    above = anytime_p_values(d + margin, "greater", ranks=ranks)
    return np.maximum(above, anytime_p_values(d - margin, "less", ranks=ranks))


def errors_one_by_one(repetitions: int) -> Iterator[str]:
    """How often a test that is looked at after every seed is ever wrong."""
    yield from _head(
        f"Seeds one by one, measured: any false verdict up to n seeds ({repetitions:,} each)",
        "test, true difference, runs",
        [f"n = {n}" for n in STOPS],
    )
    for law in LAWS:
        d = differences(stream(0, "one by one", law), law, (repetitions, STOPS[-1]))
        yield _row(f"difference, 0 sd, {law}", _shares(decided(d)))
        yield _row(f"equivalence, at the margin of 1 sd, {law}", _shares(decided(d + 1, 1.0)))
        if law != "lopsided":  # its median isn't 0
            yield _row(f"difference by signs, 0 sd, {law}", _shares(decided(d, ranks=True)))
    ten = stream(0, "one by one", "ten").standard_normal((repetitions // 10, 10, STOPS[-1]))
    p = np.moveaxis(decided(ten), 1, -1)
    yield _row("ten variations, any of them, normal", _shares(holm(p).min(axis=-1)))
    yield _row("an interval of any n misses 0, normal", _missed(repetitions // 10))


def _missed(repetitions: int) -> list[float]:
    rng, missed = stream(0, "one by one", "intervals"), np.zeros(STOPS[-1])
    for _ in range(repetitions):
        seen = course(rng.standard_normal(STOPS[-1]))
        missed += np.maximum.accumulate((seen.low > 0) | (seen.high < 0))
    return [float(missed[n - 1] / repetitions) for n in STOPS]


def cost_one_by_one(repetitions: int) -> Iterator[str]:
    """How many studies are decided by when, against a test planned for 20 seeds."""
    yield from _head(
        f"Seeds one by one: share of normal studies decided ({repetitions:,} each)",
        "what is shown",
        [*(f"by {n} seeds" for n in STOPS), "planned: 20 seeds"],
    )
    for truth in (0.5, 0.7, 1.0, 1.5):
        d = truth + stream(0, "cost", str(truth)).standard_normal((repetitions, STOPS[-1]))
        planned = float((mean_test(d[:, :20]) <= ALPHA).mean())
        yield _row(f"a difference of {truth:g} sd", [*_shares(decided(d)), planned])
        signs = _shares(decided(d, ranks=True))
        yield _row(f"a difference of {truth:g} sd, by signs", signs) + " |"
    for margin in (0.7, 1.0, 1.5):
        d = stream(0, "cost", "equal", str(margin)).standard_normal((repetitions, STOPS[-1]))
        planned = float((equivalence_p(d[:, :20], margin) <= ALPHA).mean())
        yield _row(
            f"equivalence within {margin:g} sd, truth 0", [*_shares(decided(d, margin)), planned]
        )


def continued(repetitions: int) -> Iterator[str]:
    """A study that is looked at and continued to the seeds that would decide it."""
    yield from _head(
        f"Studies continued once to the seeds that would decide ({repetitions:,} each)",
        "truth",
        ["usual test, false", "anytime-valid test, false"],
    )
    for truth, margin, first in (
        (0.0, None, 5),
        (0.0, None, 10),
        (0.0, 0.5, 10),
        (0.5, 0.5, 5),
        (0.5, 0.5, 10),
    ):
        rng = stream(0, "continued", str(margin), first)
        rates = continued_errors(rng, truth, margin, repetitions, first)
        within = "no margin" if margin is None else f"margin {margin:g} sd"
        yield _row(f"{truth:g} sd, {within}, first {first} seeds", rates)


def continued_errors(
    rng: np.random.Generator, truth: float, margin: float | None, repetitions: int, first: int
) -> tuple[float, float]:
    """False verdicts of the usual and of the anytime-valid test, after one continuation.

    At most 200 seeds are trained. With a truth of 0 a difference is false, else equivalence is.
    """
    usual = anytime = 0
    for _ in range(repetitions):
        d = truth + rng.standard_normal(200)
        seen = d[: _continued_to(d[:first], margin)]
        usual += _is_false(truth, float(mean_test(seen)), _inside(seen, margin))
        p = float(decided(seen)[-1])
        anytime += _is_false(truth, p, 1.0 if margin is None else float(decided(seen, margin)[-1]))
    return usual / repetitions, anytime / repetitions


def _continued_to(d: Floats, margin: float | None) -> int:
    """The seeds in all after a look at d: those that would decide it if it is undecided."""
    if mean_test(d) <= ALPHA or _inside(d, margin) <= ALPHA:
        return len(d)
    needed = seeds_needed(float(d.mean()), float(d.std(ddof=1)), margin)
    return max(len(d), min((needed.seeds if needed else None) or 200, 200))


def _inside(d: Floats, margin: float | None) -> float:
    return 1.0 if margin is None else float(equivalence_p(d, margin))


def _is_false(truth: float, p: float, p_equivalence: float) -> bool:
    equivalent = p_equivalence <= ALPHA
    return equivalent if truth else p <= ALPHA and not equivalent


# ---- unpaired runs --------------------------------------------------------------------------


def groups(
    rng: np.random.Generator, law: Law, n: int, m: int, sds: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Runs of two settings with mean 0; "skewed": a few come out much worse, in both alike."""
    draw = rng.standard_normal if law == "normal" else lambda k: 1 - rng.standard_exponential(k)
    return sds[0] * draw(n), sds[1] * draw(m)


def unpaired(repetitions: int) -> Iterator[str]:
    """Coverage and false verdicts of the unpaired methods."""
    yield from _head(
        f"Unpaired runs ({repetitions:,} each)",
        "runs, sd of variation / of baseline",
        [f"{n} and {m}" for n, m in GROUPS],
    )
    laws: tuple[Law, ...] = ("normal", "skewed")
    for law in laws:
        for ratio in (1.0, 3.0):
            rates = [unpaired_rates(law, n, m, ratio, repetitions) for n, m in GROUPS]
            what = f"{law}, {ratio:g}"
            yield _row(f"Welch's interval holds 0: {what}", [r[0] for r in rates])
            yield _row(f"permuted Welch, p <= 0.05: {what}", [r[1] for r in rates])
            if ratio == 1:  # else the distributions aren't alike, and nothing is claimed
                yield _row(f"Mann-Whitney, p <= 0.05: {what}", [r[2] for r in rates])
                yield _row(f"the shift's interval holds 0: {what}", [r[3] for r in rates])
            if law == "normal":
                yield _row(f"outperforming's interval holds 1/2: {what}", [r[4] for r in rates])
    held = [_unpaired_images(n, m, repetitions // 4) for n, m in GROUPS]
    yield _row("new seeds and new images, 300 images, 3 classes", held)


def unpaired_rates(law: Law, n: int, m: int, ratio: float, repetitions: int) -> list[float]:
    """Shares: Welch covers, permuted p, Mann-Whitney p, shift covers, outperforming covers."""
    rng, found = stream(0, "unpaired", law, n, m, str(ratio)), np.zeros(5)
    for _ in range(repetitions):
        b, v = groups(rng, law, n, m, (1.0, ratio))
        mean, ranks, wins = welch_interval(b, v), shift(b, v), outperforming(b, v)
        shares = [
            mean.low <= 0 <= mean.high,
            permuted_welch(b, v) <= ALPHA,
            rank_sum_test(b, v) <= ALPHA,
            ranks.low <= 0 <= ranks.high,
            wins.low is not None and wins.high is not None and wins.low <= 0.5 <= wins.high,
        ]
        found += np.array(shares, float)
    return list(found / repetitions)


def _unpaired_images(n: int, m: int, repetitions: int) -> float:
    rng, held, classes = stream(0, "unpaired images", n, m), 0, np.arange(300) % 3
    easy = np.array([-0.5, 0.2, 0.9])
    accuracies = [float(special.ndtr((easy + s) / np.sqrt(2.1)).mean()) for s in (0, 0.1)]
    truth = accuracies[1] - accuracies[0]
    for _ in range(repetitions):
        common = easy[classes] + rng.standard_normal(300)
        right = [
            common
            + shifted
            + 0.1 * rng.standard_normal((seeds, 1))
            + 0.3 * rng.standard_normal(300)
            + rng.standard_normal((seeds, 300))
            > 0
            for shifted, seeds in ((0.0, n), (0.1, m))
        ]
        found = crossed_difference(right[0], right[1], classes)
        these = welch_interval(*(of.mean(axis=1) for of in right))
        low, high = min(found.low, float(these.low)), max(found.high, float(these.high))
        held += low <= truth <= high
    return held / repetitions


def power_unpaired(repetitions: int) -> Iterator[str]:
    """The promised power at the seeds needed, against what is reached."""
    yield f"**Unpaired: power at the number of seeds needed ({repetitions:,} each)**\n"
    yield "| difference, sds, margin | goal | seeds each | promised | reached |"
    yield "|---|---|--:|--:|--:|"
    for difference, sds, margin in (
        (1.0, (1.0, 1.0), None),
        (1.0, (1.0, 2.0), None),
        (0.0, (1.0, 1.0), 1.0),
    ):
        needed = runs_needed(difference, sds, margin)
        assert needed is not None and needed.seeds is not None
        rng, n = stream(0, "power unpaired", str(sds)), needed.seeds
        b, v = (sd * rng.standard_normal((repetitions, n)) for sd in sds)
        error = np.sqrt((b.var(axis=1, ddof=1) + v.var(axis=1, ddof=1)) / n)
        mean = difference + v.mean(axis=1) - b.mean(axis=1)
        parts = np.stack([b.var(axis=1, ddof=1), v.var(axis=1, ddof=1)])
        df = (n - 1) * parts.sum(axis=0) ** 2 / (parts**2).sum(axis=0)
        if margin is None:
            reached = np.abs(mean) / error >= special.stdtrit(df, 1 - ALPHA / 2)
        else:
            reached = np.abs(mean) <= margin - special.stdtrit(df, 1 - ALPHA) * error
        promised = power_of_welch(n, difference, sds, margin)
        case = f"{difference:g}, {sds[0]:g} and {sds[1]:g}, {margin}"
        shares = " | ".join(f"{100 * share:.1f} %" for share in (promised, reached.mean()))
        yield f"| {case} | {needed.goal} | {n} | {shares} |"


# ---- all pairs ------------------------------------------------------------------------------


def all_pairs(repetitions: int) -> Iterator[str]:
    """Whether all intervals hold, and whether any pair is called different though none is."""
    sizes = (6, 8, 12, 20)
    yield from _head(
        f"All pairs, measured ({repetitions:,} each)",
        "what, settings, runs",
        [f"n = {n}" for n in sizes],
    )
    laws: tuple[Law, ...] = ("normal", "skewed")
    for law in laws:
        for settings in (3, 6):
            rates = [pairs_rates(law, n, settings, repetitions) for n in sizes]
            what = f"{settings} settings, {law}"
            yield _row(f"all intervals hold, {what}", [holds for holds, _ in rates])
            yield _row(f"any false difference, {what}", [false for _, false in rates])


def pairs_rates(law: Law, n: int, settings: int, repetitions: int) -> tuple[float, float]:
    """How often all intervals hold, and how often any p is at most 0.05, if all are alike."""
    rng, held, false = stream(0, "all pairs", law, n, settings), 0, 0
    both = list(combinations(range(settings), 2))
    for _ in range(repetitions):
        runs = groups(rng, law, n * settings, 1, (1.0, 1.0))[0].reshape(n, settings)
        found = simultaneous(np.stack([runs[:, i] - runs[:, j] for i, j in both], axis=1))
        held += bool(((found.low <= 0) & (found.high >= 0)).all())
        false += bool((found.p <= ALPHA).any())
    return held / repetitions, false / repetitions


# ---- Markdown -------------------------------------------------------------------------------


def _shares(p: Floats) -> list[float]:
    return [float((p[:, n - 1] <= ALPHA).mean()) for n in STOPS]


def _head(title: str, what: str, columns: Sequence[str]) -> Iterator[str]:
    yield f"**{title}**\n"
    yield f"| {what} | " + " | ".join(columns) + " |"
    yield "|---|" + "--:|" * len(columns)


def _row(name: str, shares: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0)
    for table in tables(parser.parse_args().scale):
        print(*table, sep="\n", end="\n\n", flush=True)
