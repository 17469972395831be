"""The mean of a metric over seeds, and how far the seeds lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Values of one metric, one a seed."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of any numbers."""
        return cls(tuple(float(value) for value in values))

    @property
    def n(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Their mean; NaN of none."""
        return float(np.mean(self.values)) if self.values else float("nan")

    @property
    def sd(self) -> float | None:
        """Their standard deviation with n - 1 below; None of fewer than two."""
        return float(np.std(self.values, ddof=1)) if self.n > 1 else None

    @property
    def median(self) -> float:
        """Their median; NaN of none."""
        return float(np.median(self.values)) if self.values else float("nan")
