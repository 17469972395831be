"""Student's t is SciPy's to the last bit, without its distributions being loaded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from paribus.stats.student import Alternative, t_quantile, t_test_p

RNG = np.random.default_rng(3)
DF = np.concatenate([np.arange(1.0, 100), RNG.uniform(0.5, 500, 400), [np.inf, np.nan]])
T = RNG.normal(0, 5, len(DF))


@pytest.mark.parametrize("share", [0.025, 0.5, 0.975, 1 - 1e-9, 1.0])
def test_quantiles_are_scipys(share: float) -> None:
    np.testing.assert_array_equal(t_quantile(share, DF), stats.t.ppf(share, DF))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_p_values_are_those_of_scipys_test(alternative: Alternative) -> None:
    for n in (2, 3, 10, 40):
        d = RNG.normal(0.2, 1, n)
        of = stats.ttest_1samp(d, 0.0, alternative=alternative)
        assert float(t_test_p(of.statistic, n - 1, alternative)) == of.pvalue
    above, below = np.asarray(stats.t.sf(T, DF)), np.asarray(stats.t.cdf(T, DF))
    sides = {"greater": above, "less": below, "two-sided": 2 * np.minimum(above, below)}
    np.testing.assert_array_equal(t_test_p(T, DF, alternative), sides[alternative])


def test_reading_results_does_not_load_scipys_statistics() -> None:
    """They take half a second, in every command."""
    code = "import sys, paribus.results; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
