"""Every setting against every other on the primary metric."""

from __future__ import annotations

import numpy as np
import pytest

from paribus.comparison.pairs import MOST_SETTINGS
from paribus.comparison.study import compare
from paribus.stats.pairs import simultaneous
from paribus.study.spec import Study
from synthetic import make_records, make_study


def test_all_pairs_are_tested_together_in_the_order_of_the_study() -> None:
    study = make_study(seeds=8, epochs=2)
    compared = compare(study, make_records(study, images=200))
    found = compared.setting_pairs
    names = [(pair.first, pair.second) for pair in found.pairs]
    assert names == [("main", "batch-norm"), ("main", "l2"), ("batch-norm", "l2")]
    values = {name: one.of("test_accuracy") for name, one in compared.values.settings.items()}
    expected = simultaneous(np.stack([values[a] - values[b] for a, b in names], axis=1))
    assert [pair.p_adjusted for pair in found.pairs] == pytest.approx(expected.p.tolist())
    assert [pair.low for pair in found.pairs] == pytest.approx(expected.low.tolist())
    for pair in found.pairs:
        shown = pair.p_adjusted <= 0.05
        sign = "better" if pair.estimate > 0 else "worse"
        assert pair.verdict == (sign if shown else "undecided")


def test_too_few_seeds_are_a_reason() -> None:
    study = make_study(seeds=5, epochs=2)
    found = compare(study, make_records(study, images=50)).setting_pairs
    assert (found.reason, found.pairs) == ("few", ())


def test_one_variation_has_no_other_pairs() -> None:
    study = make_study(seeds=6, epochs=2, settings=["main", "l2"])
    found = compare(study, make_records(study, images=50)).setting_pairs
    assert (found.reason, found.pairs) == (None, ())


def test_too_many_settings_are_a_reason() -> None:
    names = ["main", *(f"v{n}" for n in range(MOST_SETTINGS))]
    study = make_study(seeds=1, epochs=1, settings=names)
    assert compare(study, make_records(study, images=20)).setting_pairs.reason == "many"


def test_looks_count_in_p() -> None:
    plain = make_study(seeds=8, epochs=2)
    looks = {"until": "decided", "looks": [4, 8]}
    looked = Study.model_validate(plain.model_dump() | {"seeds": looks})
    records = make_records(plain, images=200)
    once, twice = (compare(study, records).setting_pairs.pairs for study in (plain, looked))
    for one, two in zip(once, twice, strict=True):
        assert two.p_adjusted == pytest.approx(min(1.0, 2 * one.p_adjusted))
