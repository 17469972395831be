"""Interventions on trained networks: compared with the unchanged images and with chance."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats

from paribus.comparison.effects import Effect, effects
from paribus.comparison.study import compare
from paribus.comparison.values import Analyzed
from paribus.records.types import Interventions, Record
from paribus.study.spec import Study
from paribus.tables import COLUMNS
from paribus.tables.of_comparisons import interventions as interventions_table
from paribus.tables.of_comparisons import interventions_by_class
from synthetic import ANIMALS, make_records, make_study

SEEDS, IMAGES = 6, 200


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(seeds=SEEDS, epochs=2, settings=("main", "l2"))


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return make_records(study, images=IMAGES)


def analyzed(records: list[Record]) -> Analyzed:
    """Gray changes nothing, a blur spoils a fifth of all answers, shuffling leaves chance."""
    return {(r.facts.setting, r.facts.seed): _changed(r) for r in records if r.predictions}


def _changed(record: Record) -> Interventions:
    assert record.predictions is not None
    answers = record.predictions.predicted
    draw = np.random.default_rng([record.facts.seed, len(record.facts.setting)])
    random = draw.integers(0, len(ANIMALS), IMAGES)
    spoilt = draw.random(IMAGES) < 0.2
    return Interventions(
        predicted={
            "gray": answers,
            "blur-3": np.where(spoilt, random, answers),
            "shuffle-8": random,
        },
        outside=np.array([0.3, 0.4, 0.5], np.float32),
    )


def of(made: tuple[Effect, ...], setting: str = "main") -> Mapping[str, Effect]:
    return {effect.intervention.name: effect for effect in made if effect.setting == setting}


def test_every_kept_intervention_of_every_setting_is_told_in_order(
    study: Study, records: list[Record]
) -> None:
    made = effects(study, records, analyzed(records))
    messages = [(effect.setting, effect.intervention.name) for effect in made]
    names = ("gray", "blur-3", "shuffle-8")
    assert messages == [(setting, name) for setting in ("main", "l2") for name in names]


def test_the_margin_of_accuracy_counts_wherever_the_study_declares_it(
    study: Study, records: list[Record]
) -> None:
    plain = study.model_dump() | {"primary": "test_loss", "margin": None}
    for metrics, margin in (({"test_accuracy": {"margin": 0.05}}, 0.05), ({}, 0.01)):
        made = effects(
            Study.model_validate(plain | {"metrics": metrics}), records, analyzed(records)
        )
        assert {effect.comparison.metric.margin for effect in made} == {margin}


def test_a_change_is_compared_with_the_unchanged_images_of_the_same_seed(
    study: Study, records: list[Record]
) -> None:
    result = analyzed(records)
    effect = of(effects(study, records, result))["blur-3"]
    before, after = [], []
    for r in records:
        if r.facts.setting == "main" and r.predictions:
            before.append((r.predictions.predicted == r.predictions.labels).mean())
            changed = result["main", r.facts.seed].predicted["blur-3"]
            after.append((changed == r.predictions.labels).mean())
    lost = np.array(after) - np.array(before)
    c = effect.comparison
    assert c.estimate == pytest.approx(lost.mean())
    assert c.p == pytest.approx(stats.ttest_rel(after, before).pvalue)
    assert c.verdict == "worse"
    assert c.new_images is not None
    assert c.new_images.low < lost.mean() < c.new_images.high
    assert effect.accuracy.estimate == pytest.approx(np.mean(after))
    half = stats.t.ppf(0.975, SEEDS - 1) * np.std(after, ddof=1) / math.sqrt(SEEDS)
    assert effect.accuracy.high - effect.accuracy.low == pytest.approx(2 * half)


def test_what_changes_no_answer_is_equivalent(study: Study, records: list[Record]) -> None:
    c = of(effects(study, records, analyzed(records)))["gray"].comparison
    assert (c.estimate, c.verdict) == (0, "equivalent")


def test_answers_that_have_nothing_to_do_with_the_images_are_not_above_chance(
    study: Study, records: list[Record]
) -> None:
    made = of(effects(study, records, analyzed(records)))
    assert made["shuffle-8"].chance == pytest.approx(0.1)
    assert made["shuffle-8"].above_chance.p > 0.05
    assert made["blur-3"].above_chance.p < 0.001
    assert made["blur-3"].above_chance.estimate > 0.3
    above = made["shuffle-8"].class_above_chance
    assert (above.p > 0.05).all()


def test_what_all_seeds_fit_by_accident_is_not_above_chance(
    study: Study, records: list[Record]
) -> None:
    """All seeds give nearly the same answers, which have nothing to do with the images."""
    labels = np.arange(IMAGES) % len(ANIMALS)
    draws = (np.random.default_rng(number).integers(0, 10, IMAGES) for number in range(99))
    lucky = next(draw for draw in draws if (draw == labels).mean() > 0.115)
    changed = {}
    for r in records:
        answers = lucky.copy()
        answers[r.facts.seed * 3 : r.facts.seed * 3 + 3] = 0
        changed[r.facts.setting, r.facts.seed] = Interventions(
            {"gray": answers}, np.array([0.5], np.float32)
        )
    effect = of(effects(study, records, changed))["gray"]
    accuracies = [
        (changed["main", s].predicted["gray"] == labels).mean() - 0.1 for s in range(SEEDS)
    ]
    assert stats.ttest_1samp(accuracies, 0).pvalue < 0.01  # all seeds agree
    assert effect.above_chance.p > 0.1
    assert (effect.class_above_chance.p > 0.05).all()


def test_recall_by_chance_is_how_often_the_class_is_given(
    study: Study, records: list[Record]
) -> None:
    result = analyzed(records)
    effect = of(effects(study, records, result))["blur-3"]
    given, recall = [], []
    for seed in range(SEEDS):
        answers = result["main", seed].predicted["blur-3"]
        given.append((answers == 3).mean())
        recall.append((answers[np.arange(IMAGES) % 10 == 3] == 3).mean())
    assert effect.class_chance[3] == pytest.approx(np.mean(given))
    assert effect.recall.estimate[3] == pytest.approx(np.mean(recall))
    difference = np.mean(recall) - np.mean(given)
    assert effect.class_above_chance.estimate[3] == pytest.approx(difference)


def test_one_seed_gives_numbers_but_no_verdict() -> None:
    study = make_study(seeds=1, epochs=2, settings=("main", "l2"))
    records = make_records(study, images=IMAGES)
    effect = of(effects(study, records, analyzed(records)))["blur-3"]
    assert effect.comparison.verdict == "undecided"
    assert effect.comparison.p is None
    assert np.isnan([effect.accuracy.low, effect.above_chance.p]).all()
    assert effect.accuracy.estimate > 0.3


def test_a_class_without_a_test_image_has_no_recall(study: Study, records: list[Record]) -> None:
    made = effects(study, records, analyzed(records))
    assert all(np.isfinite(effect.recall.estimate).all() for effect in made)
    few = make_records(study, images=9)  # of the last class none
    changed = {
        (r.facts.setting, r.facts.seed): Interventions(
            {"gray": r.predictions.predicted},
            np.array([0.5], np.float32),
        )
        for r in few
        if r.predictions
    }
    recall = of(effects(study, few, changed))["gray"].recall
    assert np.isnan(recall.estimate[9])
    assert np.isfinite(recall.estimate[:9]).all()


def test_settings_that_were_not_analyzed_have_no_effects(
    study: Study, records: list[Record]
) -> None:
    result = {key: changes for key, changes in analyzed(records).items() if key[0] == "l2"}
    assert {effect.setting for effect in effects(study, records, result)} == {"l2"}
    assert effects(study, records, {}) == ()


def test_variations_are_compared_on_what_they_look_at_only_if_analyzed(
    study: Study, records: list[Record]
) -> None:
    without = {c.metric.name for c in compare(study, records).comparisons}
    result = compare(study, records, analyzed(records)).comparisons
    added = {c.metric.name for c in result} - without
    assert added == {"drop:gray", "drop:blur-3", "drop:shuffle-8", "attribution_outside"}
    drops = [c for c in result if c.metric.name == "drop:blur-3"]
    assert [c.n_seeds for c in drops] == [SEEDS]


def test_the_tables_have_a_row_for_every_effect_and_every_documented_column(
    study: Study, records: list[Record]
) -> None:
    made = effects(study, records, analyzed(records))
    whole, by_class = interventions_table(made), interventions_by_class(made)
    assert (len(whole), len(by_class)) == (6, 60)
    assert list(whole.columns) == list(COLUMNS["interventions"])
    assert list(by_class.columns) == list(COLUMNS["interventions_by_class"])
    row = by_class[(by_class["class"] == "cat") & (by_class["intervention"] == "blur-3")].iloc[0]
    assert row["recall"] == pytest.approx(of(made)["blur-3"].recall.estimate[3])
    assert whole["verdict"].tolist()[0] == "equivalent"
    assert len(interventions_table([]).columns) == len(COLUMNS["interventions"])
