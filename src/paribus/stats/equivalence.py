"""Small enough not to matter: two one-sided tests, and the verdict of a comparison."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import Alternative, mean_test

Verdict = Literal["better", "worse", "higher", "lower", "equivalent", "undecided"]
Test = Callable[[Floats, Alternative], Floats | float]


def equivalence_p(d: Floats, margin: float, test: Test = mean_test) -> Floats:
    """P value (...) of the two one-sided tests that d (..., n) is within +-margin.

    The difference must be shown to be above -margin and below +margin, so the larger p counts and
    neither is adjusted. p <= 0.05 is the same as the 90 % interval lying inside the margin.
    Source: Schuirmann 1987; Lakens 2017.

    Args:
        d: differences over paired seeds.
        margin: above 0, in d's unit.
        test: `mean_test` for a mean, `signed_rank_test` for a shift (one comparison).

    Raises:
        ComparisonError: the margin is not above 0, or fewer than two seeds.
    """
    if not margin > 0:
        raise ComparisonError(f"expected a margin above 0, got {margin}")
    return np.maximum(test(d + margin, "greater"), test(d - margin, "less"))


def verdict(
    estimate: float,
    p: float,
    p_equivalence: float | None,
    higher_is_better: bool | None,
    alpha: float = ALPHA,
) -> Verdict:
    """The verdict on a comparison from its (adjusted) p values.

    - `equivalent` if the two one-sided tests show that the difference is inside the margin, even
      if it is also shown not to be 0: the study has declared that it doesn't matter. Without a
      margin (p_equivalence None) nothing is equivalent.
    - else `better` or `worse` (`higher` or `lower` if neither way is better) if the difference is
      shown not to be 0. (With many ties a rank test can show that with an estimate of 0; it then
      has no direction and stays undecided.)
    - else `undecided`.

    A single comparison ends in a false verdict with a probability of at most alpha: if the true
    difference is 0, only a difference can be false; at or beyond the margin, `equivalent` and the
    wrong direction need the same one-sided test to fail; in between, only the wrong direction is
    false.

    Args:
        estimate: the difference, or the logarithm of the ratio; its sign counts.
        p: of "no difference".
        p_equivalence: of the two one-sided tests.
        higher_is_better: None if neither way is better.
        alpha: the level of both tests.
    """
    if p_equivalence is not None and p_equivalence <= alpha:
        return "equivalent"
    if p > alpha or estimate == 0:
        return "undecided"
    if higher_is_better is None:
        return "higher" if estimate > 0 else "lower"
    return "better" if (estimate > 0) == higher_is_better else "worse"
