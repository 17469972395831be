"""How probable it is, given the seeds, that a difference matters: for readers who think so."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import Floats


@dataclass(frozen=True)
class Practical:
    """Probabilities that the mean difference lies below, inside and above the margin."""

    below: float
    inside: float
    above: float


def practical(d: Floats, margin: float) -> Practical | None:
    """Where the mean of differences lies, seen from n of them, d (n,).

    With a flat prior for the mean and for the logarithm of the standard deviation, the mean's
    posterior is Student's t with n - 1 degrees of freedom around mean(d), scaled by s / sqrt(n).
    It is split at the two ends of the region of practical equivalence, -margin and +margin. Not
    made to be right in 95 of 100 studies, and not adjusted for several comparisons or looks.
    Source: Gelman et al. 2013, section 3.2; Kruschke 2018; Benavoli et al. 2017.

    None below two seeds, or where all differences are the same.

    Raises:
        ComparisonError: the margin is not above 0.
    """
    if not margin > 0:
        raise ComparisonError(f"expected a margin above 0, got {margin}")
    n = len(d)
    if n < 2 or np.ptp(d) == 0:
        return None
    scale = float(d.std(ddof=1)) / math.sqrt(n)
    ends = (np.array([-margin, margin]) - d.mean()) / scale
    below, above = float(special.stdtr(n - 1, ends[0])), float(special.stdtr(n - 1, -ends[1]))
    return Practical(below, max(0.0, 1.0 - below - above), above)
