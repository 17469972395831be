"""What chance alone does: to accuracies on changed images, to images, classes and confusions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from paribus.comparison.confusions import compare_confusions
from paribus.metrics.interventions import beyond_chance_of_images
from paribus.stats.crossed import crossed_interval, split_spread
from paribus.stats.intervals import Floats
from paribus.stats.labels import label_permutation
from paribus.stats.multiplicity import holm
from paribus.stats.paired import mean_test
from paribus.stats.ranking import extreme_ranking
from paribus.stats.sample import Sample
from paribus.stats.turned import likeliest_beta, turned_by_chance
from paribus.stream import stream

SEEDS = (3, 5, 10)
CLASSES = 10
Integers = npt.NDArray[np.int64]


def _head(title: str, what: str) -> Iterator[str]:
    yield f"**{title}**\n"
    yield f"| {what} | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)


def _row(name: str, shares: list[float]) -> str:
    return f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"


# ---- above chance -----------------------------------------------------------------------------


def unrelated(rng: np.random.Generator, seeds: int, images: int, alike: float) -> Integers:
    """Answers (seeds, images) that have nothing to do with the labels, but with one another."""
    leaning = alike * rng.normal(size=(images, CLASSES)) + 0.5 * rng.normal(size=CLASSES)
    return np.asarray((leaning + rng.normal(size=(seeds, images, CLASSES))).argmax(axis=2))


def false_above_chance(
    rng: np.random.Generator, seeds: int, images: int, alike: float, repetitions: int
) -> tuple[float, float, float]:
    """How often unrelated answers are shown to differ from chance: over seeds, and with labels.

    And how often a claim that they lie above it is supported.
    """
    labels = np.arange(images) % CLASSES
    found = np.zeros(3)
    for _ in range(repetitions):
        answers = unrelated(rng, seeds, images, alike)
        each = np.stack([beyond_chance_of_images(labels, row, CLASSES) for row in answers])
        d = each.mean(axis=1).round(12)
        over_seeds = float(mean_test(d))
        permuted = label_permutation(answers, labels, CLASSES).p
        claimed = Sample(d, new_images=crossed_interval(each, labels)).p_above(0.0)
        found += np.array([over_seeds, max(over_seeds, permuted), claimed]) <= 0.05
    over, both, claim = (found / repetitions).tolist()
    return over, both, claim


def above_chance_table(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Unrelated answers found to differ from chance ({repetitions:,} each)",
        "images, how alike the seeds' answers are",
    )
    for images in (100, 500):
        for alike, word in ((0.5, "a little"), (2.0, "much")):
            rng = stream(images, "above chance", word)
            each = [false_above_chance(rng, n, images, alike, repetitions) for n in SEEDS]
            names = ("t test over seeds", "and against permuted labels", "claimed to lie above")
            for place, name in enumerate(names):
                yield _row(f"{images}, {word}: {name}", [shares[place] for shares in each])


# ---- fixed and broken -------------------------------------------------------------------------


def turned(
    rng: np.random.Generator, seeds: int, of_seeds: float, repetitions: int
) -> tuple[float, float, float]:
    """Images fixed by chance: expected, true; and how often the range holds the true number.

    Of 2,000 images; seeds are worse or better by `of_seeds`, in log odds.
    """
    expected, number, held = 0.0, 0.0, 0
    for _ in range(repetitions):
        hard = rng.normal(-1.5, 2, 2_000)
        odds = [hard + of_seeds * rng.normal(size=(seeds, 1)) for _ in range(2)]
        wrong = [rng.random((seeds, 2_000)) < special.expit(each) for each in odds]
        before, again = (2 * each.sum(axis=0) for each in wrong)
        chance = turned_by_chance(wrong[0])
        assert chance is not None
        true = int(((before > seeds) & (again < seeds)).sum())
        expected += chance.expected / repetitions
        number += true / repetitions
        held += chance.low is None or chance.high is None or chance.low <= true <= chance.high
    return expected, number, held / repetitions


def turned_table(repetitions: int) -> Iterator[str]:
    yield f"**Images fixed by chance, of 2,000 ({repetitions:,} each)**\n"
    yield "| seeds | spread of seeds (log odds) | expected | true | the range holds it |"
    yield "|--:|--:|--:|--:|--:|"
    for of_seeds in (0.0, 0.3):
        for seeds in (5, 10):
            rng = stream(seeds, "turned", str(of_seeds))
            expected, true, held = turned(rng, seeds, of_seeds, repetitions)
            cells = f"{expected:.0f} | {true:.0f} | {100 * held:.0f} %"
            yield f"| {seeds} | {of_seeds:g} | {cells} |"


#: Laws of how hard images are: the probability of being wrong of so many.
HARD: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "beta(0.3, 0.9)": lambda rng, n: rng.beta(0.3, 0.9, n),
    "log odds normal(-1, 2)": lambda rng, n: special.expit(rng.normal(-1, 2, n)),
    "four of five 0, others any": lambda rng, n: np.where(rng.random(n) < 0.8, 0, rng.random(n)),
    "0.02, 0.95 or 0.5": lambda rng, n: rng.choice([0.02, 0.95, 0.5], n, p=[0.6, 0.25, 0.15]),
}


def expected_by_law(
    rng: np.random.Generator, law: str, seeds: int, repetitions: int
) -> tuple[float, float]:
    """What is expected to be fixed by chance, by the truth: of the beta law alone, and as used."""
    found = np.zeros(3)
    k = np.arange(seeds + 1)
    for _ in range(repetitions):
        p = HARD[law](rng, 2_000)
        wrong = rng.random((seeds, 2_000)) < p
        most, few = (
            stats.binom.sf(seeds // 2, seeds, p),
            stats.binom.cdf((seeds - 1) // 2, seeds, p),
        )
        a, b = likeliest_beta(np.bincount(wrong.sum(axis=0), minlength=seeds + 1))
        x, y = np.meshgrid(k[2 * k > seeds], k[2 * k < seeds])
        logs = special.betaln(a + x + y, b + 2 * seeds - x - y) - special.betaln(a, b)
        both = special.binom(seeds, x) * special.binom(seeds, y) * np.exp(logs)
        chance = turned_by_chance(wrong)
        assert chance is not None
        found += [np.sum(most * few), 2_000 * both.sum(), chance.expected]
    return float(found[1] / found[0]), float(found[2] / found[0])


def law_table(repetitions: int) -> Iterator[str]:
    yield f"**Images expected to be fixed by chance, by the truth ({repetitions:,} each)**\n"
    yield "| how hard images are, method | n = 3 | n = 5 | n = 10 | n = 20 |"
    yield "|---|--:|--:|--:|--:|"
    for law in HARD:
        rng = stream(0, "by law", law)
        each = [expected_by_law(rng, law, n, repetitions) for n in (3, 5, 10, 20)]
        for place, name in enumerate(("beta law alone", "as used")):
            cells = " | ".join(f"{shares[place]:.2f}" for shares in each)
            yield f"| {law}, {name} | {cells} |"


# ---- best and worst classes -------------------------------------------------------------------


def false_ranks(
    rng: np.random.Generator, seeds: int, settings: int, repetitions: int
) -> tuple[float, float]:
    """Studies that show any best or worst class falsely: alone, and adjusted over all said.

    In each setting two of ten classes are the best and two the worst.
    """
    means = np.array([1, 1, *[0.5] * 6, 0, 0]) * 20
    names = [str(number) for number in range(10)]
    alone = adjusted = 0
    for _ in range(repetitions):
        p = []
        for _ in range(settings):
            table = means + rng.normal(size=(seeds, 10)) * np.array([1, 3, *[1] * 6, 1, 2])
            for highest in (True, False):
                at = table.mean(axis=0).argmax() if highest else table.mean(axis=0).argmin()
                ranking = extreme_ranking(table, names, [names[at]], highest=highest)
                p.append(max(each.p for each in ranking.statements))
        alone += min(p) <= 0.05  # whatever is shown is false
        adjusted += holm(p).min() <= 0.05
    return alone / repetitions, adjusted / repetitions


def ranks_table(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Studies with a best or worst class falsely shown ({repetitions:,} each)", "settings"
    )
    for settings in (1, 3, 8):
        rng = stream(settings, "false ranks")
        each = [false_ranks(rng, n, settings, repetitions) for n in SEEDS]
        yield _row(f"{settings}, each alone", [alone for alone, _ in each])
        yield _row(f"{settings}, adjusted", [both for _, both in each])


# ---- confusions -------------------------------------------------------------------------------

Draw = Callable[[np.random.Generator, tuple[int, ...]], Integers]

#: How a cell's counts are drawn in the baseline and in the variation, with the same mean.
CELLS: dict[str, tuple[Draw, Draw]] = {
    "both Poisson, mean 3": (lambda rng, shape: rng.poisson(3, shape),) * 2,
    "variation in threes, mean 3": (
        lambda rng, shape: rng.poisson(3, shape),
        lambda rng, shape: 3 * rng.poisson(1, shape),
    ),
    "variation in fours, mean 1": (
        lambda rng, shape: rng.poisson(1, shape),
        lambda rng, shape: 4 * rng.binomial(1, 0.25, shape),
    ),
}


def false_cells(
    rng: np.random.Generator, name: str, seeds: int, repetitions: int
) -> tuple[float, float]:
    """Studies with any marked cell: by the t test alone, and by both tests."""
    alone = both = 0
    for _ in range(repetitions):
        before, after = (draw(rng, (seeds, 10, 10)) for draw in CELLS[name])
        d = (after - before).reshape(seeds, -1).T.astype(float)
        p, differs = np.ones(100), d.any(axis=1)
        p[differs] = mean_test(d[differs])
        alone += holm(p).min() <= 0.05
        both += bool(compare_confusions(before, after).survives.any())
    return alone / repetitions, both / repetitions


def cells_table(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"Studies with a confusion cell falsely marked, of 100 ({repetitions:,} each)", "counts"
    )
    for name in CELLS:
        rng = stream(0, "false cells", name)
        each = [false_cells(rng, name, n, repetitions) for n in SEEDS]
        yield _row(f"{name}: t test", [alone for alone, _ in each])
        yield _row(f"{name}: t test and sign flips", [both for _, both in each])


# ---- the spread over seeds --------------------------------------------------------------------


def coverage_of_spread(
    rng: np.random.Generator, seeds: int, true: float, repetitions: int
) -> tuple[float, float]:
    """How often the interval holds the true spread; and how often it is told apart from none."""
    odds = rng.normal(0.5, 1.5, 500)
    slope = float(stats.norm.pdf(odds).mean())
    held = apart = 0
    for _ in range(repetitions):
        seed = true / slope * rng.normal(size=(seeds, 1))
        correct = rng.normal(size=(seeds, 500)) < odds + seed
        spread = split_spread(correct)
        held += spread.true_low <= true <= spread.true_high
        apart += spread.true_low > 0
    return held / repetitions, apart / repetitions


def spread_table(repetitions: int) -> Iterator[str]:
    yield from _head(
        f"The run-to-run spread, 500 images, test-set noise 1.7 points ({repetitions:,} each)",
        "true spread",
    )
    for true in (0.0, 0.01, 0.02):
        rng = stream(0, "spread", str(true))
        each = [coverage_of_spread(rng, n, true, repetitions) for n in SEEDS]
        yield _row(f"{100 * true:g} points: interval holds it", [held for held, _ in each])
        yield _row(f"{100 * true:g} points: told apart from none", [apart for _, apart in each])
