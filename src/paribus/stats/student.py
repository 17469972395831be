"""Student's t, as `scipy.stats.t` has it to the last bit.

SciPy's distributions check each argument, which takes a hundred times as long as the number
itself, and a study of a thousand settings asks for a quarter of a million of them.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

Alternative = Literal["two-sided", "greater", "less"]
Floats = npt.NDArray[np.float64]


def t_quantile(share: float | Floats, df: float | Floats) -> Floats:
    """What Student's t with `df` degrees of freedom stays below with this probability, above 0."""
    return np.asarray(special.stdtrit(df, share))


def t_test_p(
    t: float | Floats, df: float | Floats, alternative: Alternative = "two-sided"
) -> Floats:
    """The p value (...) of a t statistic with `df` degrees of freedom."""
    if alternative == "two-sided":
        return np.asarray(2 * special.stdtr(df, -np.abs(t)))
    return np.asarray(special.stdtr(df, -t if alternative == "greater" else t))
