"""Seeds one by one, unpaired runs and all pairs keep what they promise, in few simulations."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.other_designs import continued_errors, decided, pairs_rates, unpaired_rates


def test_continuing_what_is_undecided_deceives_the_usual_test_and_not_the_anytime_valid_one() -> (
    None
):
    usual, anytime = continued_errors(np.random.default_rng(2), 0.0, None, 600, 5)
    assert usual > 0.07
    assert anytime <= 0.03


def test_ten_variations_watched_to_forty_seeds_are_rarely_called_equivalent_by_mistake() -> None:
    d = 1 + np.random.default_rng(3).standard_normal((300, 10, 40))
    p = np.moveaxis(decided(d, 1.0), 1, -1)
    assert (10 * p.min(axis=-1)[:, -1] <= 0.05).mean() <= 0.055


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_welchs_interval_holds_for_normal_runs(ratio: float) -> None:
    covered, *_ = unpaired_rates("normal", 5, 5, ratio, 200)
    assert covered >= 0.91


def test_all_pairs_are_rarely_wrong() -> None:
    holds, false = pairs_rates("normal", 8, 3, 300)
    assert holds >= 0.91
    assert false <= 0.085
