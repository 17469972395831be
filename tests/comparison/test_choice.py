"""The best variation's interval allows for its having been chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from calibration.choice import coverage_of_best
from paribus.comparison.choice import interval_of_chosen
from paribus.comparison.study import StudyComparison, compare
from paribus.narrative.differences import MOST_NAMED
from paribus.narrative.observations import observe
from paribus.stats.multiplicity import nominal_level
from synthetic import make_records, make_study


@pytest.fixture(scope="module")
def compared() -> StudyComparison:
    study = make_study(seeds=7, epochs=3, settings=["main", *"abcdef"])
    return compare(study, make_records(study, images=200))


def test_its_worse_end_is_the_t_intervals_at_bonferronis_level(
    compared: StudyComparison,
) -> None:
    c = compared.primary[2]
    columns = (compared.values.settings[n].of("test_accuracy") for n in (c.variation, "main"))
    d = np.subtract(*columns)
    law = stats.t(6, d.mean(), d.std(ddof=1) / np.sqrt(7))
    found = interval_of_chosen(compared.values, c, 6)
    assert found.low == pytest.approx(law.interval(1 - 0.05 / 6)[0])
    assert found.high == pytest.approx(law.interval(0.95)[1])
    assert found.level == pytest.approx(0.95)
    looked = interval_of_chosen(compared.values, c, 6, [5, 7])
    assert looked.low == pytest.approx(law.interval(1 - nominal_level([5, 7], 0.05 / 6))[0])


def test_where_lower_is_better_the_upper_end_is_the_wide_one(compared: StudyComparison) -> None:
    (c,) = (c for c in compared.of("b") if c.metric.name == "test_loss")
    found = interval_of_chosen(compared.values, c, 6)
    assert found.low == c.low
    assert found.high is not None and c.high is not None and found.high > c.high


def test_by_ranks_few_seeds_say_what_confidence_is_left(compared: StudyComparison) -> None:
    (c,) = (c for c in compared.of("c") if c.metric.name == "best_epoch")
    found = interval_of_chosen(compared.values, c, 6)
    lost = 6 * 1 / 2**7 + (1 - c.level) / 2
    assert found.level == pytest.approx(1 - lost)


def test_it_is_never_narrower_than_its_own_however_it_is_tested() -> None:
    study = make_study(seeds=8, epochs=3, settings=["main", *"abc"])
    records = make_records(study, images=200)
    unpaired = study.model_copy(update={"paired": False})
    for made in (compare(study, records, anytime=True), compare(unpaired, records)):
        for c in made.primary:
            found = interval_of_chosen(made.values, c, 3)
            assert found.high == c.high
            assert found.low is not None and c.low is not None and found.low < c.low


def with_verdict(compared: StudyComparison) -> StudyComparison:
    """As if all its variations had come out better, so that something is said of the best."""
    made = [
        replace(c, verdict="better") if c.metric == compared.values.primary else c
        for c in compared.comparisons
    ]
    return replace(compared, comparisons=tuple(made))


def test_it_is_said_of_a_chosen_variation_only(compared: StudyComparison) -> None:
    best = observe(with_verdict(compared)).points[0]
    means = {n: s.of("test_accuracy").mean() for n, s in compared.values.settings.items()}
    winner = max(means, key=lambda name: means[name])
    assert winner != "main"
    assert "It was chosen as the best of 6 variations" in best.text
    assert best.numbers[winner]["chosen_of"] == 6
    assert "; allowing for the choice, +" in best.text
    assert best.text.count("95 % interval [") == MOST_NAMED + 1
    alone = make_study(seeds=4, epochs=3, settings=["main", "a"])
    one = with_verdict(compare(alone, make_records(alone, images=200)))
    first = observe(one).points[0]
    assert first.topic == "Test accuracy" and "chosen" not in first.text


def test_the_chosen_one_is_held_in_95_of_100_where_its_own_interval_holds_fewer() -> None:
    rng = np.random.default_rng(20261129)
    own, chosen = coverage_of_best(rng, 10, 8, 2_000)
    assert own < 0.92
    assert chosen > 0.94
