"""A whole study compared: which seeds, which adjustment, which intervals."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from alone import compare_metric
from pace import slowness
from paribus.comparison.judging import adjusted
from paribus.comparison.study import StudyComparison, compare
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes
from paribus.records.types import Record
from paribus.stats.crossed import crossed_interval, split_spread
from paribus.stats.multiplicity import holm, nominal_level, overall_level
from paribus.stats.proportions import compare_networks
from paribus.study.spec import Study
from synthetic import make_records, make_study

SEEDS, CLASSES = 6, ("cat", "dog", "ship")


def changed(study: Study, **changes: Any) -> Study:
    return Study.model_validate(study.model_dump() | changes)


def timed(records: list[Record]) -> list[Record]:
    """With processor seconds, which synthetic records lack."""
    return [
        replace(
            r, facts=r.facts.model_copy(update={"train_cpu_seconds": 0.9 * r.facts.train_seconds})
        )
        for r in records
    ]


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(seeds=SEEDS, epochs=30)


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return timed(make_records(study, classes=CLASSES, images=300))


@pytest.fixture(scope="module")
def compared(study: Study, records: list[Record]) -> StudyComparison:
    return compare(study, records)


def test_every_variation_is_compared_on_every_metric_and_every_recall(
    compared: StudyComparison,
) -> None:
    of_more_classes = {"top5_accuracy"}
    whole = [n for n, metric in METRICS.items() if metric.compared and n not in of_more_classes]
    metrics = [*whole, "recall:cat", "recall:dog", "recall:ship"]
    assert [(c.variation, c.metric.name) for c in compared.comparisons] == [
        (variation, metric) for variation in ("batch-norm", "l2") for metric in metrics
    ]
    assert [c.variation for c in compared.on("test_loss")] == ["batch-norm", "l2"]
    assert [c.metric.name for c in compared.of("l2")] == metrics


def test_each_comparison_is_that_of_its_values_adjusted_over_the_study(
    compared: StudyComparison,
) -> None:
    main = compared.values.settings["main"]
    expected = adjusted(
        [
            compare_metric(
                name,
                main.metrics["test_loss"],
                compared.values.settings[name].metrics["test_loss"],
                METRICS["test_loss"],
            )
            for name in ("batch-norm", "l2")
        ]
    )
    assert compared.on("test_loss") == expected


def test_the_margin_is_the_studys_and_of_test_accuracy_alone(
    study: Study, records: list[Record]
) -> None:
    wide = compare(changed(study, margin=0.5), records)
    assert all(c.verdict == "equivalent" for c in wide.on("test_accuracy"))
    assert wide.values.metrics["test_accuracy"].margin == 0.5
    assert {m.name for m in wide.values.metrics.values() if m.margin} == {"test_accuracy"}


def test_accuracies_have_an_interval_for_new_images_within_their_classes(
    compared: StudyComparison,
) -> None:
    main, l2 = compared.values.settings["main"], compared.values.settings["l2"]
    difference = l2.correct.astype(int) - main.correct
    labels = compared.values.labels
    of = {c.metric.name: c.new_images for c in compared.of("l2")}
    assert of["test_accuracy"] == crossed_interval(difference, labels)
    assert of["recall:dog"] == crossed_interval(difference[:, labels == 1])
    ours = compared.of("l2")
    assert {c.metric.name for c in ours if c.new_images and not c.metric.images} == {
        c.metric.name for c in ours if c.metric.each
    }


def test_the_spread_of_each_setting_is_split(compared: StudyComparison) -> None:
    values = compared.values
    assert set(compared.spreads) == {"main", "batch-norm", "l2"}
    assert compared.spreads["l2"] == split_spread(values.settings["l2"].correct, values.labels)


def test_pairing_shows_in_the_correlation(compared: StudyComparison) -> None:
    c = compared.on("train_cpu_seconds")[0]
    assert c.correlation == pytest.approx(1.0)
    assert c.estimate == pytest.approx(56 / 50, abs=0.01)
    assert any("CPU" in note for note in notes(c))


def test_the_loss_to_reach_is_told(compared: StudyComparison) -> None:
    c = compared.on("epochs_to_loss")[0]
    assert any("half-way down the fall of the baseline's" in note for note in notes(c))


def test_a_failed_run_leaves_its_seed_out_of_its_variation_alone(study: Study) -> None:
    result = compare(
        study, timed(make_records(study, classes=CLASSES, images=90, failing=("l2", 1)))
    )
    assert {c.n_seeds for c in result.of("batch-norm")} == {SEEDS}
    assert {(c.n_seeds, c.missing) for c in result.of("l2")} == {(SEEDS - 1, 1)}
    accuracy = result.on("test_accuracy")[1].new_images
    assert accuracy is not None
    assert result.spreads["l2"].total > 0


def test_a_variation_without_a_record_is_undecided_and_says_why(
    study: Study, records: list[Record]
) -> None:
    result = compare(study, [r for r in records if r.facts.setting != "l2"])
    assert all(
        (c.n_seeds, c.verdict, c.estimate) == (0, "undecided", None) for c in result.of("l2")
    )
    assert "No seed has a value for both settings." in notes(result.of("l2")[0])
    assert "l2" not in result.spreads


def test_without_any_record_nothing_is_said(study: Study) -> None:
    result = compare(study, [])
    assert {c.verdict for c in result.comparisons} == {"undecided"}
    assert (result.spreads, result.pairs) == ({}, ())


def test_a_class_of_one_image_has_no_interval_for_new_images(study: Study) -> None:
    result = compare(study, timed(make_records(study, classes=CLASSES, images=5)))
    of = {c.metric.name: c.new_images for c in result.of("l2")}
    assert of["test_accuracy"] is None
    assert of["recall:ship"] is None
    assert of["recall:cat"] is not None
    assert result.spreads == {}


# ---- one seed -----------------------------------------------------------------------------------


def test_one_seed_compares_two_networks_and_gives_no_verdict(
    study: Study, records: list[Record]
) -> None:
    result = compare(changed(study, seeds=1), [r for r in records if r.facts.seed == 0])
    assert {c.verdict for c in result.comparisons} == {"undecided"}
    assert {c.p for c in result.comparisons} == {None}
    assert [(pair.variation, pair.seed) for pair in result.pairs] == [("batch-norm", 0), ("l2", 0)]
    main, l2 = result.values.settings["main"], result.values.settings["l2"]
    assert result.pairs[1].test == compare_networks(main.correct[0], l2.correct[0])


def test_networks_are_adjusted_over_the_pairs(study: Study, records: list[Record]) -> None:
    result = compare(changed(study, seeds=1), [r for r in records if r.facts.seed == 0])
    first, second = sorted(result.pairs, key=lambda pair: pair.test.p)
    assert first.p_adjusted == pytest.approx(min(1, 2 * first.test.p))
    assert second.p_adjusted >= first.p_adjusted


def test_several_seeds_compare_no_networks(compared: StudyComparison) -> None:
    assert compared.pairs == ()


# ---- seeds until decided ------------------------------------------------------------------------

LOOKS = {"until": "decided", "looks": [3, 5, 6]}


def up_to(records: list[Record], **seeds: int) -> list[Record]:
    return [r for r in records if r.facts.seed < seeds.get(r.facts.setting.replace("-", "_"), 0)]


def test_with_looks_the_primary_metric_is_that_of_its_last_look(
    study: Study, records: list[Record]
) -> None:
    result = compare(changed(study, seeds=LOOKS), records)
    for c in result.on("test_accuracy"):
        last = result.seed_paths[c.variation].path[-1]
        assert replace(c, new_images=None) == last
        assert c.level > 0.95
        assert c.new_images is not None
        assert math.isfinite(c.new_images.low)


def test_with_looks_the_other_metrics_use_the_seeds_there_are(
    study: Study, records: list[Record]
) -> None:
    some = up_to(records, main=5, batch_norm=5, l2=4)
    result = compare(changed(study, seeds=LOOKS), some)
    of = {c.metric.name: c for c in result.of("l2")}
    assert (of["test_accuracy"].n_seeds, of["test_loss"].n_seeds) == (3, 4)
    assert of["test_loss"].missing == 0


def test_with_looks_the_p_values_of_all_metrics_allow_for_them(
    study: Study, records: list[Record]
) -> None:
    """How many seeds there are follows from the primary values, with which the others correlate."""
    result = compare(changed(study, seeds=LOOKS), records)
    looks = LOOKS["looks"]
    assert isinstance(looks, list)
    for metric in ("test_loss", "macro_f1", "roughness"):
        made = result.on(metric)
        p = holm(overall_level(np.array([c.p for c in made], float), looks))
        assert [c.p_adjusted for c in made] == pytest.approx(p.tolist())
        assert {c.wanted_level for c in made} == {1 - nominal_level(looks)}
    recall = result.on("recall:cat")[0]
    assert recall.new_images is not None and recall.level == recall.wanted_level > 0.95


def test_before_the_first_look_nothing_is_tested(study: Study, records: list[Record]) -> None:
    result = compare(changed(study, seeds=LOOKS), up_to(records, main=2, batch_norm=2, l2=2))
    c = result.on("test_accuracy")[0]
    assert (c.n_seeds, c.p, c.low, c.verdict) == (2, None, None, "undecided")
    assert c.estimate is not None
    assert "The first look is at 3 seeds; nothing is tested before it." in notes(c)


def test_a_study_with_a_fixed_number_of_seeds_has_no_courses(compared: StudyComparison) -> None:
    assert compared.seed_paths == {}


# ---- size ---------------------------------------------------------------------------------------


def test_three_settings_of_ten_seeds_and_5000_images_take_less_than_five_seconds() -> None:
    study = make_study(seeds=10)
    records = timed(make_records(study, images=5000))
    begin = time.process_time()
    result = compare(study, records)
    assert (time.process_time() - begin) / slowness() < 5
    assert np.isfinite([c.estimate for c in result.comparisons if c.estimate is not None]).all()
