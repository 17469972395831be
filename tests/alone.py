"""Comparisons with the verdict that each has as the only one of its study."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from paribus.comparison import compare, unpaired
from paribus.comparison.comparison import Comparison
from paribus.comparison.judging import adjusted

Given = ParamSpec("Given")


def _judged(measure: Callable[Given, Comparison]) -> Callable[Given, Comparison]:
    def alone(*args: Given.args, **kwargs: Given.kwargs) -> Comparison:
        return adjusted([measure(*args, **kwargs)])[0]

    return alone


compare_metric = _judged(compare.compare_metric)
compare_unpaired = _judged(unpaired.compare_unpaired)
