"""Images turned by chance alone: against the truth of simulated runs of one setting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from paribus.stats.intervals import Floats
from paribus.stats.turned import Flags, turned_by_chance

RNG = np.random.default_rng(20261129)
IMAGES = 4_000

LAWS = {
    "any difficulty": RNG.random(IMAGES),
    "mostly easy": RNG.beta(0.3, 0.9, IMAGES),
    "four of five always right": np.where(np.arange(IMAGES) % 5 > 0, 0, RNG.random(IMAGES)),
    "easy, hopeless or a coin": RNG.choice([0.02, 0.95, 0.5], IMAGES, p=[0.6, 0.25, 0.15]),
    "log odds normal": special.expit(RNG.normal(-1, 2, IMAGES)),
}


def runs(p: Floats, n: int) -> Flags:
    return RNG.random((n, len(p))) < p


def truth(p: Floats, n: int) -> float:
    most, few = stats.binom.sf(n // 2, n, p), stats.binom.cdf((n - 1) // 2, n, p)
    return float(np.sum(most * few))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [3, 10])
def test_it_expects_what_further_runs_of_the_setting_would_turn(law: str, n: int) -> None:
    p = LAWS[law]
    chance = turned_by_chance(runs(p, n))
    assert chance is not None
    assert chance.expected == pytest.approx(truth(p, n), rel=0.2)


def test_where_difficulties_follow_a_beta_law_it_is_the_integral() -> None:
    n = 5
    wrong = runs(stats.beta.ppf((np.arange(IMAGES) + 0.5) / IMAGES, 0.8, 2), n)

    def integrand(p: float) -> float:
        likely = stats.binom.sf(n // 2, n, p) * stats.binom.cdf((n - 1) // 2, n, p)
        return float(likely * stats.beta.pdf(p, 0.8, 2))

    chance = turned_by_chance(wrong)
    assert chance is not None
    expected = IMAGES * integrate.quad(integrand, 0, 1)[0]
    assert chance.expected == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("of_seeds", [0.0, 0.4])
def test_its_range_holds_the_number_also_where_all_images_of_a_seed_do_worse(
    of_seeds: float,
) -> None:
    held = 0
    for _ in range(50):
        odds = RNG.normal(-1, 2, 300)
        seeds = odds + of_seeds * RNG.normal(size=(20, 1))
        wrong = RNG.random(seeds.shape) < special.expit(seeds)
        before, after = (2 * half.sum(axis=0) for half in (wrong[:10], wrong[10:]))
        chance = turned_by_chance(wrong[:10])
        assert chance is not None and chance.low is not None and chance.high is not None
        held += chance.low <= ((before > 10) & (after < 10)).sum() <= chance.high
    assert held >= 44


def test_runs_that_agree_on_every_image_turn_none() -> None:
    for share in (0.0, 0.3, 1.0):
        chance = turned_by_chance(np.repeat(RNG.random((1, 50)) < share, 5, axis=0))
        assert chance is not None
        assert chance.expected < 0.5 and chance.low == 0


def test_few_runs_have_no_range_and_one_run_has_nothing_to_tell() -> None:
    chance = turned_by_chance(runs(LAWS["any difficulty"], 3))
    assert chance is not None and chance.low is None and chance.high is None
    assert turned_by_chance(runs(LAWS["any difficulty"], 1)) is None
