"""Identical settings of found runs are called different in 5 % of studies, paired or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from found.making import declared, found
from found.test_find import finding
from paribus.comparison.study import compare
from paribus.found.records import records_of, study_of

STUDIES = 300


def verdict(
    draw: np.random.Generator, baseline: Sequence[int], variation: Sequence[int], shared: float
) -> str:
    """Of two settings that differ in nothing; runs of a seed share luck of this size."""
    luck = {seed: draw.normal(0, shared) for seed in {*baseline, *variation}}
    runs = [
        found(f"{name}{seed}", setting=name, seed=seed, acc=0.5 + luck[seed] + draw.normal(0, 0.01))
        for name, seeds in (("a", baseline), ("b", variation))
        for seed in seeds
    ]
    of = finding(runs, baseline="a")
    study = study_of(of, declared(baseline="a"), "identical settings")
    (compared,) = compare(study, records_of(of, study)).primary
    return compared.verdict


@pytest.mark.parametrize(
    ("baseline", "variation", "shared"),
    [
        (range(5), range(5), 0.03),
        (range(5), range(5), 0.0),  # equal seeds that share no luck
        (range(8), range(5), 0.03),
        (range(5), range(5, 12), 0.03),
    ],
)
def test_chance_is_called_a_difference_as_seldom_as_is_said(
    baseline: range, variation: range, shared: float
) -> None:
    draw = np.random.default_rng(7)
    said = [verdict(draw, baseline, variation, shared) for _ in range(STUDIES)]
    wrong = sum(word in ("better", "worse") for word in said)
    assert wrong <= stats.binom(STUDIES, 0.05).ppf(0.999)
