"""New images where each seed splits the same images anew."""

import math

from paribus.errors import ComparisonError
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import LEVEL, Floats
from paribus.stats.student import t_quantile, t_test_p


def resampled_interval(
    d: Floats, test_per_training: float, level: float = LEVEL, most: float = 1.0
) -> CrossedInterval:
    """The mean of differences (n,) over splits of the same images, for new images split anew.

    Training sets of different splits share most of their images, and so do the networks trained
    on them what they learn by chance; the usual standard error s / sqrt(n) would shrink to 0 with
    ever more splits, though the images stay the same. Nadeau and Bengio take the correlation of
    two splits for test / (training + test), so that Var(mean) = s^2 (1/n + test / training), with
    n - 1 degrees of freedom. It is a rule of thumb, not a theorem. Source: Nadeau and Bengio 2003.

    Args:
        d: of at least two seeds.
        test_per_training: test images for each training image.
        level: confidence.
        most: no mean is further from 0 than this, and so is no end of the interval.

    Raises:
        ComparisonError: fewer than two seeds, or a ratio that isn't above 0.
    """
    if len(d) < 2 or not test_per_training > 0:
        raise ComparisonError(
            f"expected at least two seeds and test images, got {len(d)} and {test_per_training}"
        )
    mean, spread, df = float(d.mean()), float(d.std(ddof=1)), len(d) - 1
    error = spread * math.sqrt(1 / len(d) + test_per_training)
    if error == 0:
        nan = math.nan
        return CrossedInterval(mean, low=nan, high=nan, p=nan, df=nan, error=nan, truncated=False)
    half = float(t_quantile((1 + level) / 2, df)) * error
    p = float(t_test_p(mean / error, df))
    low, high = max(mean - half, -most), min(mean + half, most)
    return CrossedInterval(mean, low, high, p, df, error, truncated=False)
