"""Many comparisons at once: Holm's adjustment.

The intervals in the report are not adjusted: each is right for its own comparison. A
comparison whose interval leaves out 0 can therefore stay undecided among many.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def holm(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Holm-adjusted p values of families of comparisons (..., k), in the order given.

    The smallest p is multiplied by k, the next by k - 1, and so on; none may come out below
    one before it, or above 1. Rejecting where the adjusted p is at most alpha keeps the
    probability of even one false rejection in a family at alpha, whatever the comparisons'
    dependence; variations share their baseline, so they do depend. A comparison without p
    (NaN: too few seeds) stays without, but counts in the family: it was planned.

    statsmodels' multipletests gives the same numbers, but collects garbage at every call
    (60 ms), which a study of many metrics can't afford. Source: Holm 1979.
    """
    given = np.asarray(p, dtype=float)
    k = given.shape[-1]
    filled = np.where(np.isnan(given), 1.0, given)
    order = np.argsort(filled, axis=-1)
    scaled = np.take_along_axis(filled, order, axis=-1) * np.arange(k, 0, -1)
    rising = np.minimum(np.maximum.accumulate(scaled, axis=-1), 1.0)
    adjusted = np.empty_like(filled)
    np.put_along_axis(adjusted, order, rising, axis=-1)
    return np.where(np.isnan(given), np.nan, adjusted)
