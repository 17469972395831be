"""Observations follow the verdicts, are bound to numbers, and pass over what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from oracles import statsmodels_holm
from paribus.claims.judge import judge
from paribus.comparison.compare import Comparison
from paribus.comparison.pairs import SettingPairs
from paribus.comparison.study import StudyComparison, compare
from paribus.narrative.claims import evidence
from paribus.narrative.differences import MOST_NAMED, Observation
from paribus.narrative.observations import observe
from paribus.narrative.words import listed
from paribus.records.types import Curves, Record
from paribus.stats.sample import Verdict
from paribus.study.spec import Study
from synthetic import changed_curves, make_records, make_study

CLASSES = ("cat", "dog", "ship")


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(seeds=6, epochs=30)


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return make_records(study, classes=CLASSES, images=150)


@pytest.fixture(scope="module")
def compared(study: Study, records: list[Record]) -> StudyComparison:
    return compare(study, records)


def changed(
    compared: StudyComparison, metric: str, change: Callable[[Comparison], Comparison]
) -> StudyComparison:
    """With the comparisons on one metric changed."""
    made = [change(c) if c.metric.name == metric else c for c in compared.comparisons]
    return replace(compared, comparisons=tuple(made))


def judged(compared: StudyComparison, metric: str, verdict: Verdict, sign: int) -> StudyComparison:
    """As if every comparison on a metric had come out so."""

    def change(c: Comparison) -> Comparison:
        ratio = c.metric.compare == "ratio"
        ends = (1.1, 1.05, 1.15) if ratio else (0.02, 0.01, 0.03)
        if sign < 0:
            ends = (0.9, 0.85, 0.95) if ratio else (-0.02, -0.03, -0.01)
        estimate, low, high = ends
        return replace(
            c, verdict=verdict, estimate=estimate, low=low, high=high, difference=sign * 0.02,
            p=0.01, p_adjusted=0.02, p_equivalence_adjusted=0.03,
        )  # fmt: skip

    return changed(compared, metric, change)


def about(compared: StudyComparison, topic: str) -> Observation:
    return next(of for of in observe(compared) if of.topic == topic)


@pytest.mark.parametrize(
    ("metric", "topic", "sign", "verdict", "message"),
    [
        ("train_cpu_seconds", "Training time", 1, "worse", "l2 takes longer to train: 1.100 ["),
        (
            "train_cpu_seconds",
            "Training time",
            -1,
            "better",
            "l2 takes less time to train: 0.900 [",
        ),
        ("test_loss", "Test loss", -1, "better", "l2 has the lower test loss: -0.020 ["),
        ("epochs_to_loss", "Speed of learning", -1, "better", "l2 learns faster: "),
        ("epochs_to_loss", "Speed of learning", 1, "worse", "l2 learns more slowly: "),
        ("roughness", "Smoothness before overfitting", -1, "better", "l2 has the smoother "),
        ("roughness", "Smoothness before overfitting", 1, "worse", "l2 has the rougher "),
        ("best_epoch", "Where overfitting starts", 1, "higher", "l2 overfits later than main: "),
        ("best_epoch", "Where overfitting starts", -1, "lower", "l2 overfits earlier than main: "),
    ],
)
def test_a_verdict_is_said_in_the_direction_that_it_has(
    compared: StudyComparison, metric: str, topic: str, sign: int, verdict: Verdict, message: str
) -> None:
    text = about(judged(compared, metric, verdict, sign), topic).text
    assert message in text
    assert "(p = 0.02)" in text and "undecided" not in text


@pytest.mark.parametrize(
    ("metric", "topic", "claims"),
    [
        ("train_cpu_seconds", "Training time", ("takes longer to", "takes less")),
        ("test_loss", "Test loss", ("has the higher", "has the lower")),
        ("epochs_to_loss", "Speed of learning", ("learns faster:", "learns more slowly:")),
        ("roughness", "Smoothness before overfitting", ("the smoother", "the rougher")),
        ("best_epoch", "Where overfitting starts", ("earlier than", "later than")),
        ("test_accuracy", "Best setting", ("is better", "is worse", "No difference larger")),
    ],
)
@pytest.mark.parametrize("sign", [-1, 1])
def test_of_an_undecided_test_nothing_is_claimed(
    compared: StudyComparison, metric: str, topic: str, claims: tuple[str, ...], sign: int
) -> None:
    text = about(judged(compared, metric, "undecided", sign), topic).text
    assert "is undecided: " in text
    assert not [claim for claim in claims if claim in text]


@pytest.mark.parametrize(
    ("verdict", "sign", "message"),
    [
        ("better", 1, "is better than main by 2.00 [1.00, 3.00] points over 6 seeds (p = 0.02)."),
        ("worse", -1, "is worse than main by 2.00 [1.00, 3.00] points over 6 seeds (p = 0.02)."),
        ("equivalent", 1, "No difference larger than 1 point between "),
    ],
)
def test_the_best_setting_is_hedged_by_its_verdict(
    compared: StudyComparison, verdict: Verdict, sign: int, message: str
) -> None:
    text = about(judged(compared, "test_accuracy", verdict, sign), "Best setting").text
    assert "highest mean test accuracy" in text and message in text


def test_equal_settings_are_all_named_the_best(study: Study, records: list[Record]) -> None:
    baseline = {r.facts.seed: r for r in records if r.facts.setting == "main"}
    same = [replace(r, predictions=baseline[r.facts.seed].predictions) for r in records]
    text = about(compare(study, same), "Best setting").text
    assert text.startswith("main, batch-norm and l2 have the highest mean test accuracy, ")


def test_best_means_stand_over_the_seeds_that_all_settings_finished(study: Study) -> None:
    records = make_records(study, classes=CLASSES, images=150, failing=("l2", 2))
    best = about(compare(study, records), "Best setting")
    values = compare(study, records).values
    accuracies = values.settings["main"].of("test_accuracy")
    assert best.numbers["main"]["mean"] == np.delete(accuracies, 2).mean()
    assert f"over the {study.most_seeds - 1} seeds that all of them have" in best.text
    assert f"1 of l2's {study.most_seeds} runs failed, which these means leave out." in best.text


def test_of_two_better_settings_it_is_not_said_which_is_better(compared: StudyComparison) -> None:
    text = about(judged(compared, "test_accuracy", "better", 1), "Best setting").text
    assert text.endswith(
        "l2 is better than main too; tested as one of all pairs, batch-norm is not shown to be "
        "better than it."
    )


def test_without_a_test_of_all_pairs_that_is_said(compared: StudyComparison) -> None:
    untested = replace(compared, setting_pairs=SettingPairs(compared.values.primary))
    text = about(judged(untested, "test_accuracy", "better", 1), "Best setting").text
    assert text.endswith("whether batch-norm is better than it is not tested.")


def test_every_number_in_a_sentence_is_among_its_numbers(compared: StudyComparison) -> None:
    """Up to rounding: the first estimate of each setting in a sentence is bound to a number."""
    for of in observe(compared):
        known = [
            scale * value
            for declared in of.numbers.values()
            for value in declared.values()
            if value is not None
            for scale in (1, -1, 100, -100)
        ]
        # Names, the study's margin, and the fixed part of a p value are no measured numbers.
        text = re.sub(r"l2|p < 0\.001|larger than [\d.]+ points?", "", of.text)
        for number in re.findall(r"-?\d+(?:\.\d+)?", text):
            half_unit = 0.5 * 10 ** -len(number.partition(".")[2]) * 1.02
            p_digits = 0.05 * abs(float(number))  # a p value has two digits that count
            assert any(abs(float(number) - of_it) <= max(half_unit, p_digits) for of_it in known), (
                of.topic, number, of.text,
            )  # fmt: skip


def test_of_a_metric_without_values_nothing_is_said(study: Study, records: list[Record]) -> None:
    untimed = [
        replace(r, facts=r.facts.model_copy(update={"train_cpu_seconds": 0.0})) for r in records
    ]
    topics = [of.topic for of in observe(compare(study, untimed))]
    assert "Training time" not in topics and "Test loss" in topics


def test_without_a_finished_run_nothing_is_said(study: Study) -> None:
    assert observe(compare(study, [])) == ()


def test_one_seed_says_nothing_of_the_ways_of_training() -> None:
    single = make_study(seeds=1, epochs=12)
    message = observe(compare(single, make_records(single, classes=CLASSES, images=60)))
    text = " ".join(of.text for of in message)
    assert "More than one seed is needed to tell whether the settings differ." in text
    assert "One run can't tell whether it holds for new seeds: main, batch-norm and l2." in text
    assert not re.search(r"better than|worse than|takes longer|faster|smoother|p [=<]", text)
    assert not {"Spread over seeds", "Effect of pairing", "Training time"} & {
        of.topic for of in message
    }


def test_one_variation_alone_is_singular() -> None:
    assert listed(["main"]) == "main" and listed(["a", "b", "c"]) == "a, b and c"
    pair = make_study(seeds=2, epochs=12, settings=["main", "l2"])
    text = " ".join(
        of.text for of in observe(compare(pair, make_records(pair, classes=CLASSES, images=60)))
    )
    assert "over 2 seeds" in text and not re.search(r"\b1 (seeds|points|epochs)\b", text)


# ---- overfitting --------------------------------------------------------------------------------


def with_best_epochs(
    study: Study, records: list[Record], setting: str, epochs: list[int]
) -> StudyComparison:
    """With the lowest validation loss of a setting's runs at these epochs."""

    def moved(record: Record) -> Record:
        if record.facts.setting != setting:
            return record
        best = epochs[record.facts.seed]
        loss = np.full(30, 2.0, np.float32) + 0.01 * np.abs(np.arange(1, 31) - best)
        curves = changed_curves(record.curves, val_loss=loss)
        facts = record.facts.model_copy(update={"best_epoch": best})
        return replace(record, curves=curves, facts=facts)

    return compare(study, [moved(r) for r in records])


def test_where_overfitting_starts_is_a_median_with_its_range(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [12, 14, 11, 17, 14, 14])
    text = about(result, "Where overfitting starts").text
    assert "main overfits after epoch 14 (median of 6 seeds; 11 to 17)." in text


def test_an_epoch_that_is_the_last_is_only_a_least_value(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [12, 30, 11, 17, 14, 14])
    text = about(result, "Where overfitting starts").text
    assert "(median of 6 seeds; 11 to >=30); 1 seed was still improving" in text
    most = with_best_epochs(study, records, "main", [30, 30, 11, 30, 30, 14])
    text = about(most, "Where overfitting starts").text
    assert "main overfits after epoch >=30 (median of 6 seeds; 11 to >=30); 4 seeds were" in text


def test_where_all_were_still_improving_no_start_is_given(
    study: Study, records: list[Record]
) -> None:
    result = with_best_epochs(study, records, "main", [30] * 6)
    text = about(result, "Where overfitting starts").text
    assert (
        "In all 6 runs of main, the validation loss was still falling at the last epoch, 30: "
        in text
    )
    assert "main overfits after" not in text


# ---- classes, spread, pairing -------------------------------------------------------------------


def test_the_worst_class_is_certain_only_where_every_other_lies_above_it(
    study: Study, records: list[Record]
) -> None:
    def confused(record: Record) -> Record:
        """Half the dogs are called cats."""
        assert record.predictions is not None and record.predictions.last is not None
        last = record.predictions.last.copy()
        dogs = np.flatnonzero(record.predictions.labels == 1)[::2]
        last[dogs] = [-0.1, -4.0, -4.0]
        return replace(record, predictions=replace(record.predictions, last=last))

    compared = compare(study, [confused(r) for r in records])
    worst = about(compared, "Worst class")
    assert worst.text.startswith("By mean recall: dog in main (")
    assert "Shown to hold for new seeds on these test images: in main, " in worst.text
    assert "Not certain" not in worst.text
    assert all((declared["p"] or 1) <= 0.05 for declared in worst.numbers.values())


def test_a_class_that_is_not_told_apart_is_not_certain(compared: StudyComparison) -> None:
    for topic in ("Best class", "Worst class"):
        of = about(compared, topic)
        certain = of.text.partition("Not certain")[0]
        for setting, declared in of.numbers.items():
            shown = f"in {setting}, " in certain.partition("Shown to hold")[2]
            assert shown == ((declared["p"] or 1) <= 0.05)


def test_the_ranks_of_all_settings_are_adjusted_together(compared: StudyComparison) -> None:
    """Each end of each setting is a chance to be wrong: with three settings, six."""
    ends = [about(compared, topic).numbers for topic in ("Best class", "Worst class")]
    alone = []
    for numbers, highest in zip(ends, (True, False), strict=True):
        for setting in numbers:
            recalls = compared.values.by_class(setting, "recall")
            at = recalls.mean(axis=0).argmax() if highest else recalls.mean(axis=0).argmin()
            others = np.delete(np.arange(len(CLASSES)), at)
            p = [stats.ttest_rel(recalls[:, at], recalls[:, other]).pvalue for other in others]
            alone.append(max(p))
    expected = statsmodels_holm(alone)
    declared = [numbers[setting]["p"] for numbers in ends for setting in numbers]
    assert declared == pytest.approx(list(expected))


def test_all_classes_that_tie_are_named(study: Study, records: list[Record]) -> None:
    def sure(record: Record) -> Record:
        """Dogs and ships are all right, most cats are."""
        assert record.predictions is not None
        labels = record.predictions.labels
        given = np.where((labels == 0) & (np.arange(len(labels)) % 4 == 0), 1, labels)
        given[record.facts.seed] = 0 if labels[record.facts.seed] == 0 else given[record.facts.seed]
        last = np.where(np.eye(3)[given] > 0, -0.1, -4.0).astype(np.float32)
        return replace(record, predictions=replace(record.predictions, last=last))

    tied = compare(study, [sure(r) for r in records])
    best = about(tied, "Best class")
    assert best.text.startswith("By mean recall: dog and ship (tied) in main (100.0 %)")
    assert "main, dog minus cat" in best.text or "main, ship minus cat" in best.text
    everything = compare(study, [all_right(r) for r in records])
    for topic in ("Best class", "Worst class"):
        text = about(everything, topic).text
        assert text == (
            "By mean recall: cat, dog and ship (tied) in main (100.0 %), batch-norm (100.0 %) and "
            "l2 (100.0 %)."
        )


def all_right(record: Record) -> Record:
    assert record.predictions is not None
    last = np.where(np.eye(3)[record.predictions.labels] > 0, -0.1, -4.0).astype(np.float32)
    return replace(record, predictions=replace(record.predictions, last=last))


def test_looks_make_a_class_less_certain(compared: StudyComparison) -> None:
    alone = {o.topic: o for o in observe(compared)}["Worst class"].numbers["main"]["p"]
    looked = {o.topic: o for o in observe(compared, [3, 6])}["Worst class"].numbers["main"]["p"]
    assert alone is not None and looked is not None and looked > alone


def test_the_spread_is_split_as_it_was_computed(compared: StudyComparison) -> None:
    of = about(compared, "Spread over seeds")
    for name, spread in compared.spreads.items():
        assert of.numbers[name]["sd_true"] == spread.true
        interval = f"[{100 * spread.true_low:.2f}, {100 * spread.true_high:.2f}]"
        message = next(sentence for sentence in of.sentences if sentence.startswith(f"{name}'s"))
        assert f"run-to-run spread {100 * spread.true:.2f} {interval} points" in message
        assert ("not told apart from none" in message) == (spread.true_low == 0)


def test_a_rank_interval_has_its_own_level(study: Study, records: list[Record]) -> None:
    few = compare(study.model_copy(update={"seeds": 3}), [r for r in records if r.facts.seed < 3])
    text = about(few, "Where overfitting starts").text
    assert "over 3 seeds, 75 % interval" in text
    assert "95 % interval" not in text


def test_a_correlation_that_may_be_chance_is_said_to_be_so(compared: StudyComparison) -> None:
    of = about(compared, "Effect of pairing")
    for name, declared in of.numbers.items():
        messages = next(sentence for sentence in of.sentences if f"of {name} " in sentence)
        assert declared["low"] is not None and declared["high"] is not None
        assert ("may be chance" in messages) == (declared["low"] <= 0 <= declared["high"])


def test_of_many_settings_the_first_are_named_and_the_rest_counted() -> None:
    names = ["main", *(f"v{number}" for number in range(MOST_NAMED + 2))]
    many = make_study(seeds=2, epochs=6, settings=names)
    result = observe(compare(many, make_records(many, classes=CLASSES, images=30)))
    loss = next(of for of in result if of.topic == "Test loss")
    assert "2 more settings are in tables/comparisons.csv." in loss.text
    assert len(loss.numbers) == MOST_NAMED + 2


# ---- other metrics than the built-in ones -------------------------------------------------------


OWN = {
    "metrics": {"top5": {"better": "higher", "margin": 0.01, "label": "top-5 accuracy"}},
    "claims": [
        {
            "id": "top5",
            "says": "Batch normalization helps.",
            "test": {
                "setting": "batch-norm", "against": "main", "metric": "top5", "expect": "better",
            },
        }
    ],
}  # fmt: skip


def reporting(record: Record) -> Record:
    """A record that reports a metric of the study's own, higher with batch normalization."""
    facts = record.facts
    top5 = (
        0.9 + 0.001 * facts.seed**2 + (0.03 + 0.0005 * facts.seed) * (facts.setting == "batch-norm")
    )
    return replace(record, facts=facts.model_copy(update={"metrics": {"top5": top5}}))


def test_a_metric_of_the_studys_own_is_observed_and_claimed(
    study: Study, records: list[Record]
) -> None:
    declared = Study.model_validate(study.model_dump() | OWN)
    compared = compare(declared, [reporting(record) for record in records])
    of = about(compared, "Top-5 accuracy")
    assert of.text.startswith("batch-norm has the higher top-5 accuracy: +0.031")
    assert "l2 and main are equivalent in top-5 accuracy" in of.text
    (verdict,) = judge(declared, compared.values)
    assert verdict.verdict == "supported"
    assert evidence(verdict).startswith("batch-norm against main, top-5 accuracy: +0.031")
    assert "over 6 seeds: better (p < 0.001)." in evidence(verdict)


def test_any_metric_can_be_the_primary_one(study: Study, records: list[Record]) -> None:
    declared = Study.model_validate(study.model_dump() | OWN | {"primary": "top5", "margin": 0.01})
    compared = compare(declared, [reporting(record) for record in records])
    best = about(compared, "Best setting").text
    assert best.startswith("batch-norm has the highest mean top-5 accuracy, 0.940. ")
    assert "batch-norm is better than main by 0.031" in best
    topics = [of.topic for of in observe(compared)]
    assert "Top-5 accuracy" not in topics and "Test accuracy" in topics
    assert (
        "The top-5 accuracy of batch-norm correlates" in about(compared, "Effect of pairing").text
    )


@pytest.mark.parametrize(
    ("primary", "best", "difference"),
    [
        ("test_loss", "has the lowest mean test loss, ", " nats over 6 seeds"),
        ("best_epoch", "has the highest mean epoch of lowest validation loss, ", " epochs over"),
        (
            "train_cpu_seconds",
            "have the lowest mean training time (CPU), 49.2 s.",
            "ratio 1.1",
        ),
    ],
)
def test_the_best_setting_goes_by_the_primary_metric(
    study: Study, records: list[Record], primary: str, best: str, difference: str
) -> None:
    by = Study.model_validate(study.model_dump() | {"primary": primary, "margin": None})
    text = about(compare(by, records), "Best setting").text
    assert best in text and difference in text


def test_without_curves_and_predictions_only_reported_metrics_are_observed(
    study: Study, records: list[Record]
) -> None:
    declared = Study.model_validate(study.model_dump() | OWN)
    bare = [replace(reporting(r), curves=Curves({}), predictions=None) for r in records]
    topics = [of.topic for of in observe(compare(declared, bare))]
    assert topics == ["Training time", "Top-5 accuracy"]
